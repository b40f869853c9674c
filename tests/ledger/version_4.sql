BEGIN TRANSACTION;
CREATE TABLE activity (
	sequence INTEGER NOT NULL, 
	wall_ms INTEGER NOT NULL, 
	cpu_ms INTEGER NOT NULL, 
	peak_memory_bytes INTEGER NOT NULL, 
	gpu_ms INTEGER, 
	gpu_active_ms INTEGER, 
	gpu_joules INTEGER, 
	bytes_read INTEGER NOT NULL, 
	samples INTEGER NOT NULL, 
	joules INTEGER NOT NULL, 
	joules_low INTEGER NOT NULL, 
	joules_high INTEGER, 
	joules_provenance TEXT NOT NULL, 
	joules_method TEXT NOT NULL, flop_high INTEGER, flop_low INTEGER, parameters INTEGER, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "activity" VALUES(2,8000,9000,500000000,16000,12000,40,1000,4000,100,30,200,'estimated','a model',NULL,NULL,NULL);
CREATE TABLE activity_rank (
	sequence INTEGER NOT NULL, 
	rank INTEGER NOT NULL, 
	cpu_ms INTEGER NOT NULL, 
	peak_memory_bytes INTEGER NOT NULL, 
	PRIMARY KEY (sequence, rank), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "activity_rank" VALUES(2,0,5000,500000000);
INSERT INTO "activity_rank" VALUES(2,1,4000,400000000);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
CREATE TABLE asset (
	sequence INTEGER NOT NULL, 
	asset_id TEXT NOT NULL, 
	fingerprint TEXT, 
	unit TEXT NOT NULL, 
	amount INTEGER NOT NULL, 
	unique_millionths INTEGER NOT NULL, 
	licence TEXT, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "asset" VALUES(8,'corpus',NULL,'tokens',60,800000,NULL);
CREATE TABLE asset_access (
	sequence INTEGER NOT NULL, 
	asset_id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "asset_access" VALUES(9,'corpus','north');
CREATE TABLE award (
	sequence INTEGER NOT NULL, 
	channel TEXT NOT NULL, 
	resource TEXT, 
	resource_type TEXT, 
	unit TEXT NOT NULL, 
	currency TEXT, 
	amount INTEGER NOT NULL, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "award" VALUES(11,'inKind','accelerator','a100','accelerator-ms',NULL,100000);
CREATE TABLE booking (
	sequence INTEGER NOT NULL, 
	booked_ms INTEGER NOT NULL, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
CREATE TABLE capacity (
	sequence INTEGER NOT NULL, 
	scope TEXT NOT NULL, 
	name TEXT NOT NULL, 
	resource TEXT NOT NULL, 
	resource_type TEXT, 
	amount INTEGER NOT NULL, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "capacity" VALUES(7,'local','n1','accelerator','a100',4);
CREATE TABLE charge (
	sequence INTEGER NOT NULL, 
	resource TEXT NOT NULL, 
	resource_type TEXT, 
	quantity_ms INTEGER NOT NULL, 
	rate_micros INTEGER, 
	rate_unit TEXT, 
	rate_currency TEXT, 
	rate_dated_ms INTEGER, 
	rate_source TEXT, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "charge" VALUES(16,'accelerator','a100',20000,20000000,'accelerator-hour','CNY',0,'prices 2026');
CREATE TABLE data_use (
	sequence INTEGER NOT NULL, 
	asset TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	rows_read INTEGER NOT NULL, 
	rows_accepted INTEGER NOT NULL, 
	bytes INTEGER NOT NULL, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "data_use" VALUES(3,'flights','f1',100,90,5000);
CREATE TABLE declaration (
	sequence INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	object_id TEXT NOT NULL, 
	object_uid TEXT, 
	generation INTEGER NOT NULL, 
	spec TEXT, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "declaration" VALUES(5,'Institution','north',NULL,1,'{"a":"ü","b":1}');
CREATE TABLE entry (
	sequence INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	cluster TEXT NOT NULL, 
	type TEXT NOT NULL, 
	effective_from_ms INTEGER NOT NULL, 
	effective_to_ms INTEGER, 
	posted_at_ms INTEGER NOT NULL, 
	institution TEXT, 
	programme TEXT, 
	model_family TEXT, 
	line TEXT, 
	job_uid TEXT, 
	namespace TEXT, 
	job TEXT, 
	worker_uid TEXT, 
	provenance TEXT NOT NULL, 
	source TEXT NOT NULL, 
	author TEXT NOT NULL, 
	reverses TEXT, 
	reason TEXT, 
	previous_hash TEXT NOT NULL, 
	hash TEXT NOT NULL, subject TEXT, 
	PRIMARY KEY (sequence), 
	CONSTRAINT entry_ends_after_it_starts CHECK (effective_to_ms >= effective_from_ms), 
	CONSTRAINT entry_reversal_has_a_reason CHECK ((reverses IS NULL) = (reason IS NULL)), 
	UNIQUE (id), 
	UNIQUE (reverses), 
	FOREIGN KEY(reverses) REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED
)
 STRICT

;
INSERT INTO "entry" VALUES(1,'hold/worker-1',1,'local','hold',1000,NULL,100000,'north','open-models','mlp',NULL,'job-uid-1','physics','flights','worker-1','measured','worker','ullage',NULL,NULL,'0000000000000000000000000000000000000000000000000000000000000000','864492cf23a47802f278f37e5ae743aedb9796d02ebef028198473fbf63d0717',NULL);
INSERT INTO "entry" VALUES(2,'activity/worker-1/2000',1,'local','activity',2000,10000,100000,'north','open-models','mlp',NULL,'job-uid-1','physics','flights','worker-1','measured','worker','ullage',NULL,NULL,'864492cf23a47802f278f37e5ae743aedb9796d02ebef028198473fbf63d0717','959af649e317f4c2203274391fea4a30fe6ff5f4dc21d166c1357652c344347f',NULL);
INSERT INTO "entry" VALUES(3,'use/worker-1/flights',1,'local','use',3000,NULL,100000,'north','open-models','mlp',NULL,'job-uid-1','physics','flights','worker-1','measured','worker','ullage',NULL,NULL,'959af649e317f4c2203274391fea4a30fe6ff5f4dc21d166c1357652c344347f','2f64fb6774ec5ed80517efa5a215f274b6a7bec9dd05c5cbc7e005076af30dc9',NULL);
INSERT INTO "entry" VALUES(4,'release/worker-1',1,'local','release',11000,NULL,100000,'north','open-models','mlp',NULL,'job-uid-1','physics','flights','worker-1','measured','exit of the process','ullage',NULL,NULL,'2f64fb6774ec5ed80517efa5a215f274b6a7bec9dd05c5cbc7e005076af30dc9','97b308cf37b73cca9886da644042f5f97156b3aa82aaaac777f5519cd7422da3',NULL);
INSERT INTO "entry" VALUES(5,'declaration/Institution/north/1',1,'local','declaration',1000,NULL,100000,'north',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'declared','declaration','ullage',NULL,NULL,'97b308cf37b73cca9886da644042f5f97156b3aa82aaaac777f5519cd7422da3','086c52d896113fc7fe73a50f3f749a727f31908fa76d8af8c5673126ba19bf75','declaration/Institution/north');
INSERT INTO "entry" VALUES(6,'import/slurm/77/2000/a100',1,'local','import',2000,12000,100000,'north',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'declared','declaration','ullage',NULL,NULL,'086c52d896113fc7fe73a50f3f749a727f31908fa76d8af8c5673126ba19bf75','26b935c1fb94ad80bcca0f2a5df12ab9a997603c8b62f1c7ef5546bb7745dfb1','import/slurm/77');
INSERT INTO "entry" VALUES(7,'capacity/local/n1/accelerator/1000',1,'local','capacity',1000,NULL,100000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'declared','declaration','ullage',NULL,NULL,'26b935c1fb94ad80bcca0f2a5df12ab9a997603c8b62f1c7ef5546bb7745dfb1','f9a85bdaffd56e845e713b217da4757a5f5d9662cfb9985d5031e3c5b16cf211','node/n1');
INSERT INTO "entry" VALUES(8,'asset/north/corpus/1000',1,'local','asset',1000,NULL,100000,'north',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'declared','declaration','ullage',NULL,NULL,'f9a85bdaffd56e845e713b217da4757a5f5d9662cfb9985d5031e3c5b16cf211','bc2cc9aa3011365a2e7eb505bb21d4b33232c1ceef38abf498183b35fc44c207','institution/north');
INSERT INTO "entry" VALUES(9,'access/south/north/corpus/1000',1,'local','access',1000,NULL,100000,'south',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'declared','declaration','ullage',NULL,NULL,'bc2cc9aa3011365a2e7eb505bb21d4b33232c1ceef38abf498183b35fc44c207','8408fd89e1b2b5fc68ccbc32b0fbd1fe953699f693f873c4b3d741fd3d653861','institution/north');
INSERT INTO "entry" VALUES(10,'transfer/opening/north/engineer',1,'local','transfer',0,100000,100000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'declared','declaration','ullage',NULL,NULL,'8408fd89e1b2b5fc68ccbc32b0fbd1fe953699f693f873c4b3d741fd3d653861','659932eef23bfd1d6cc4f629234e69c3d4eab0d7bfecea38f308b7f53e694e57','institution/north');
INSERT INTO "entry" VALUES(11,'award/exascale/a100',1,'local','award',0,100000,100000,'north',NULL,NULL,'exascale/a100',NULL,NULL,NULL,NULL,'declared','declaration','ullage',NULL,NULL,'659932eef23bfd1d6cc4f629234e69c3d4eab0d7bfecea38f308b7f53e694e57','71bedcbcc088d9963d79b5a9ac57a90accdc70c4be718fb52f3978e8c9488228','investment/exascale');
INSERT INTO "entry" VALUES(12,'grant/exascale/a100/1000',1,'local','grant',1000,NULL,100000,'north',NULL,NULL,'exascale/a100',NULL,NULL,NULL,NULL,'declared','declaration','ullage',NULL,NULL,'71bedcbcc088d9963d79b5a9ac57a90accdc70c4be718fb52f3978e8c9488228','33517584ede7320d58dafc5d3c80798539be309269a44b31ec1fef32ff619602','investment/exascale');
INSERT INTO "entry" VALUES(13,'reserve/exascale/a100/job-uid-1/2000',1,'local','reserve',2000,12000,100000,'north',NULL,NULL,'exascale/a100','job-uid-1',NULL,NULL,NULL,'measured','accounting','ullage',NULL,NULL,'33517584ede7320d58dafc5d3c80798539be309269a44b31ec1fef32ff619602','d298824b147deed5cc3816d61872e0002a45187cfa60a4443aa6170d770b69d0','draw/exascale/a100/job-uid-1/2000');
INSERT INTO "entry" VALUES(14,'unreserve/exascale/a100/job-uid-1/2000/12000',1,'local','unreserve',12000,NULL,100000,'north',NULL,NULL,'exascale/a100','job-uid-1',NULL,NULL,NULL,'measured','accounting','ullage',NULL,NULL,'d298824b147deed5cc3816d61872e0002a45187cfa60a4443aa6170d770b69d0','ea3ae7e10d87aba1d32e9c8de3223d12f572574f6302a736f59844b55a9cd657','draw/exascale/a100/job-uid-1/2000');
INSERT INTO "entry" VALUES(15,'expend/exascale/a100/job-uid-1/2000',1,'local','expend',2000,10000,100000,'north',NULL,NULL,'exascale/a100','job-uid-1',NULL,NULL,NULL,'measured','accounting','ullage',NULL,NULL,'ea3ae7e10d87aba1d32e9c8de3223d12f572574f6302a736f59844b55a9cd657','1772867cdef06fa2f1bedd9c421a6bb45166e9113bc10f772b9ef9bfa96fe7a3','draw/exascale/a100/job-uid-1/2000');
INSERT INTO "entry" VALUES(16,'charge/job-uid-1/exascale/a100/accelerator:a100/2000',1,'local','charge',2000,12000,100000,'north',NULL,NULL,'exascale/a100','job-uid-1',NULL,NULL,NULL,'measured','accounting','ullage',NULL,NULL,'1772867cdef06fa2f1bedd9c421a6bb45166e9113bc10f772b9ef9bfa96fe7a3','595649ed3e8ec8abe2dfd1ead20a01adadcbed3ae27b28d61c2b225be381dd51','charge/job-uid-1/exascale/a100/accelerator:a100/2000');
INSERT INTO "entry" VALUES(17,'close/0/1000',1,'local','close',0,1000,100000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'declared','declaration','ullage',NULL,NULL,'595649ed3e8ec8abe2dfd1ead20a01adadcbed3ae27b28d61c2b225be381dd51','5a90a78632dbbd62c07236fd3347901b37b53e0801f44f7aaa00c20faf838659','close');
INSERT INTO "entry" VALUES(18,'reversal/expend/exascale/a100/job-uid-1/2000',1,'local','reversal',20000,NULL,100000,'north',NULL,NULL,'exascale/a100',NULL,NULL,NULL,NULL,'declared','correction','ana','expend/exascale/a100/job-uid-1/2000','mistaken','5a90a78632dbbd62c07236fd3347901b37b53e0801f44f7aaa00c20faf838659','822ffe1d0fc92f4c5d6e8cc43245df451d81f48f9e444ab3e871bc3b3e531426','draw/exascale/a100/job-uid-1/2000');
INSERT INTO "entry" VALUES(19,'hold/worker-2',1,'local','hold',1000,NULL,100000,'north','open-models','mlp',NULL,'job-uid-1','physics','flights','worker-2','measured','worker','ullage',NULL,NULL,'822ffe1d0fc92f4c5d6e8cc43245df451d81f48f9e444ab3e871bc3b3e531426','48bce0909df3edf48ec1dfa7f8f6e1690c4e47b95ee16a0e4ddef1f311901428',NULL);
CREATE TABLE expend (
	sequence INTEGER NOT NULL, 
	purchase TEXT, 
	unit TEXT NOT NULL, 
	currency TEXT, 
	amount INTEGER NOT NULL, 
	quantity INTEGER, 
	rate_micros INTEGER, 
	rate_unit TEXT, 
	rate_currency TEXT, 
	rate_dated_ms INTEGER, 
	rate_source TEXT, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "expend" VALUES(15,NULL,'accelerator-ms',NULL,16000,16000,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE hold (
	sequence INTEGER NOT NULL, 
	stage TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	worker_index INTEGER NOT NULL, 
	slots INTEGER NOT NULL, 
	accelerators INTEGER NOT NULL, 
	accelerator_type TEXT, 
	cpu_millis INTEGER NOT NULL, 
	memory_mib INTEGER NOT NULL, own_machines INTEGER, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "hold" VALUES(1,'train',1,0,2,2,'a100',1500,2048,NULL);
INSERT INTO "hold" VALUES(19,'train',1,0,2,2,'a100',1500,2048,NULL);
CREATE TABLE hold_release (
	sequence INTEGER NOT NULL, 
	outcome TEXT NOT NULL, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "hold_release" VALUES(4,'Succeeded');
CREATE TABLE line_grant (
	sequence INTEGER NOT NULL, 
	unit TEXT NOT NULL, 
	currency TEXT, 
	amount INTEGER NOT NULL, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "line_grant" VALUES(12,'accelerator-ms',NULL,50000);
CREATE TABLE period_close (
	sequence INTEGER NOT NULL, 
	at_ms INTEGER NOT NULL, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "period_close" VALUES(17,2000);
CREATE TABLE reserve (
	sequence INTEGER NOT NULL, 
	purchase TEXT, 
	unit TEXT NOT NULL, 
	currency TEXT, 
	amount INTEGER NOT NULL, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "reserve" VALUES(13,NULL,'accelerator-ms',NULL,20000);
CREATE TABLE schema_version (
	version INTEGER NOT NULL, 
	created_at_ms INTEGER NOT NULL, 
	PRIMARY KEY (version)
)
 STRICT

;
INSERT INTO "schema_version" VALUES(4,100000);
CREATE TABLE transfer (
	sequence INTEGER NOT NULL, 
	operation TEXT NOT NULL, 
	reference TEXT NOT NULL, 
	from_account TEXT NOT NULL, 
	from_role TEXT NOT NULL, 
	to_account TEXT NOT NULL, 
	to_role TEXT NOT NULL, 
	headcount_thousandths INTEGER NOT NULL, 
	seconds INTEGER NOT NULL, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "transfer" VALUES(10,'opening','north/engineer','recruits','engineer','institution:north','engineer',3000,3600);
CREATE TABLE unreserve (
	sequence INTEGER NOT NULL, 
	purchase TEXT, 
	unit TEXT NOT NULL, 
	currency TEXT, 
	amount INTEGER NOT NULL, 
	reserved_from_ms INTEGER NOT NULL, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "unreserve" VALUES(14,NULL,'accelerator-ms',NULL,20000,2000);
CREATE TABLE usage_import (
	sequence INTEGER NOT NULL, 
	scope TEXT NOT NULL, 
	external_id TEXT NOT NULL, 
	accelerators INTEGER NOT NULL, 
	accelerator_type TEXT, 
	accelerator_active_ms INTEGER, 
	cpu_millis INTEGER NOT NULL, 
	cpu_ms INTEGER, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "usage_import" VALUES(6,'slurm','77',2,'a100',NULL,0,NULL);
CREATE INDEX ix_entry_job_uid ON entry (job_uid);
CREATE INDEX ix_entry_worker_uid ON entry (worker_uid);
CREATE TRIGGER schema_version_refuses_update BEFORE UPDATE ON schema_version BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER schema_version_refuses_delete BEFORE DELETE ON schema_version BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER entry_refuses_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER entry_refuses_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER hold_refuses_update BEFORE UPDATE ON hold BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER hold_refuses_delete BEFORE DELETE ON hold BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER hold_release_refuses_update BEFORE UPDATE ON hold_release BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER hold_release_refuses_delete BEFORE DELETE ON hold_release BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER activity_refuses_update BEFORE UPDATE ON activity BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER activity_refuses_delete BEFORE DELETE ON activity BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER activity_rank_refuses_update BEFORE UPDATE ON activity_rank BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER activity_rank_refuses_delete BEFORE DELETE ON activity_rank BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER data_use_refuses_update BEFORE UPDATE ON data_use BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER data_use_refuses_delete BEFORE DELETE ON data_use BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE INDEX ix_entry_subject ON entry (subject);
CREATE INDEX ix_entry_line ON entry (line);
CREATE TRIGGER booking_refuses_update BEFORE UPDATE ON booking BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER booking_refuses_delete BEFORE DELETE ON booking BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER declaration_refuses_update BEFORE UPDATE ON declaration BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER declaration_refuses_delete BEFORE DELETE ON declaration BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER period_close_refuses_update BEFORE UPDATE ON period_close BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER period_close_refuses_delete BEFORE DELETE ON period_close BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER capacity_refuses_update BEFORE UPDATE ON capacity BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER capacity_refuses_delete BEFORE DELETE ON capacity BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER usage_import_refuses_update BEFORE UPDATE ON usage_import BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER usage_import_refuses_delete BEFORE DELETE ON usage_import BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER charge_refuses_update BEFORE UPDATE ON charge BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER charge_refuses_delete BEFORE DELETE ON charge BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER asset_refuses_update BEFORE UPDATE ON asset BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER asset_refuses_delete BEFORE DELETE ON asset BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER asset_access_refuses_update BEFORE UPDATE ON asset_access BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER asset_access_refuses_delete BEFORE DELETE ON asset_access BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER transfer_refuses_update BEFORE UPDATE ON transfer BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER transfer_refuses_delete BEFORE DELETE ON transfer BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER award_refuses_update BEFORE UPDATE ON award BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER award_refuses_delete BEFORE DELETE ON award BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER line_grant_refuses_update BEFORE UPDATE ON line_grant BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER line_grant_refuses_delete BEFORE DELETE ON line_grant BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER reserve_refuses_update BEFORE UPDATE ON reserve BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER reserve_refuses_delete BEFORE DELETE ON reserve BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER unreserve_refuses_update BEFORE UPDATE ON unreserve BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER unreserve_refuses_delete BEFORE DELETE ON unreserve BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER expend_refuses_update BEFORE UPDATE ON expend BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER expend_refuses_delete BEFORE DELETE ON expend BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
COMMIT;
