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
	joules_method TEXT NOT NULL, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "activity" VALUES(2,8000,9000,500000000,16000,12000,40,1000,4000,100,30,200,'estimated','a model');
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
	hash TEXT NOT NULL, 
	PRIMARY KEY (sequence), 
	CONSTRAINT entry_ends_after_it_starts CHECK (effective_to_ms >= effective_from_ms), 
	CONSTRAINT entry_reversal_has_a_reason CHECK ((reverses IS NULL) = (reason IS NULL)), 
	UNIQUE (id), 
	UNIQUE (reverses), 
	FOREIGN KEY(reverses) REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED
)
 STRICT

;
INSERT INTO "entry" VALUES(1,'hold/worker-1',1,'local','hold',1000,NULL,100000,'north','open-models','mlp',NULL,'job-uid-1','physics','flights','worker-1','measured','worker','ullage',NULL,NULL,'0000000000000000000000000000000000000000000000000000000000000000','864492cf23a47802f278f37e5ae743aedb9796d02ebef028198473fbf63d0717');
INSERT INTO "entry" VALUES(2,'activity/worker-1/2000',1,'local','activity',2000,10000,100000,'north','open-models','mlp',NULL,'job-uid-1','physics','flights','worker-1','measured','worker','ullage',NULL,NULL,'864492cf23a47802f278f37e5ae743aedb9796d02ebef028198473fbf63d0717','959af649e317f4c2203274391fea4a30fe6ff5f4dc21d166c1357652c344347f');
INSERT INTO "entry" VALUES(3,'use/worker-1/flights',1,'local','use',3000,NULL,100000,'north','open-models','mlp',NULL,'job-uid-1','physics','flights','worker-1','measured','worker','ullage',NULL,NULL,'959af649e317f4c2203274391fea4a30fe6ff5f4dc21d166c1357652c344347f','2f64fb6774ec5ed80517efa5a215f274b6a7bec9dd05c5cbc7e005076af30dc9');
INSERT INTO "entry" VALUES(4,'release/worker-1',1,'local','release',11000,NULL,100000,'north','open-models','mlp',NULL,'job-uid-1','physics','flights','worker-1','measured','exit of the process','ullage',NULL,NULL,'2f64fb6774ec5ed80517efa5a215f274b6a7bec9dd05c5cbc7e005076af30dc9','97b308cf37b73cca9886da644042f5f97156b3aa82aaaac777f5519cd7422da3');
INSERT INTO "entry" VALUES(5,'reversal/release/worker-1',1,'local','reversal',20000,NULL,100000,'north','open-models','mlp',NULL,'job-uid-1','physics','flights','worker-1','declared','correction','ana','release/worker-1','clock','97b308cf37b73cca9886da644042f5f97156b3aa82aaaac777f5519cd7422da3','e719409f6bd936f26dbd32b93f1265b1f3b0f26bf1ae3409b0dad87206d88c61');
INSERT INTO "entry" VALUES(6,'release.2/worker-1',2,'local','release',10500,NULL,100000,'north','open-models','mlp',NULL,'job-uid-1','physics','flights','worker-1','measured','exit of the process','ullage',NULL,NULL,'e719409f6bd936f26dbd32b93f1265b1f3b0f26bf1ae3409b0dad87206d88c61','7c6c5f6779bfdefd5613023f52542f0035de9c75224e619bf57af657acd5e141');
INSERT INTO "entry" VALUES(7,'hold/worker-2',1,'local','hold',1000,NULL,100000,'north','open-models','mlp',NULL,'job-uid-1','physics','flights','worker-2','measured','worker','ullage',NULL,NULL,'7c6c5f6779bfdefd5613023f52542f0035de9c75224e619bf57af657acd5e141','ed9a310a83a244db0cd60663f9bbec4678267b0e1bc09da44f1bfefcdb0470d0');
CREATE TABLE hold (
	sequence INTEGER NOT NULL, 
	stage TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	worker_index INTEGER NOT NULL, 
	slots INTEGER NOT NULL, 
	accelerators INTEGER NOT NULL, 
	accelerator_type TEXT, 
	cpu_millis INTEGER NOT NULL, 
	memory_mib INTEGER NOT NULL, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "hold" VALUES(1,'train',1,0,2,2,'a100',1500,2048);
INSERT INTO "hold" VALUES(7,'train',1,0,2,2,'a100',1500,2048);
CREATE TABLE hold_release (
	sequence INTEGER NOT NULL, 
	outcome TEXT NOT NULL, 
	PRIMARY KEY (sequence), 
	FOREIGN KEY(sequence) REFERENCES entry (sequence)
)
 STRICT

;
INSERT INTO "hold_release" VALUES(4,'Succeeded');
INSERT INTO "hold_release" VALUES(6,'Succeeded');
CREATE TABLE schema_version (
	version INTEGER NOT NULL, 
	created_at_ms INTEGER NOT NULL, 
	PRIMARY KEY (version)
)
 STRICT

;
INSERT INTO "schema_version" VALUES(1,100000);
CREATE INDEX ix_entry_worker_uid ON entry (worker_uid);
CREATE INDEX ix_entry_job_uid ON entry (job_uid);
CREATE TRIGGER entry_refuses_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER entry_refuses_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER schema_version_refuses_update BEFORE UPDATE ON schema_version BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER schema_version_refuses_delete BEFORE DELETE ON schema_version BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER activity_refuses_update BEFORE UPDATE ON activity BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER activity_refuses_delete BEFORE DELETE ON activity BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER activity_rank_refuses_update BEFORE UPDATE ON activity_rank BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER activity_rank_refuses_delete BEFORE DELETE ON activity_rank BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER data_use_refuses_update BEFORE UPDATE ON data_use BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER data_use_refuses_delete BEFORE DELETE ON data_use BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER hold_refuses_update BEFORE UPDATE ON hold BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER hold_refuses_delete BEFORE DELETE ON hold BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER hold_release_refuses_update BEFORE UPDATE ON hold_release BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
CREATE TRIGGER hold_release_refuses_delete BEFORE DELETE ON hold_release BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead'); END;
COMMIT;
