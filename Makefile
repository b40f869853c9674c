.DEFAULT_GOAL := help
.PHONY: help setup run test fuzz lint bench bench-scale bench-submit cluster cluster-down images manifests format lock crd clean

BIN := .venv/bin
EXAMPLES ?= 10000
EXAMPLE ?= manifests/examples/flight-delays.yaml

help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

setup: ## Make the environment in .venv (what is there already is reused).
	@sh scripts/setup.sh

run: setup ## Fetch real data and run the example job on 2 ranks: prepare, train, quantize, books.
	@$(BIN)/python scripts/fetch_data.py flights .ullage/storage/data
	@$(BIN)/ullage run $(EXAMPLE)

test: setup ## Run every test.
	@for data in flights mnist fashion; do $(BIN)/python scripts/fetch_data.py $$data .cache/data/$$data || exit 1; done
	@sh scripts/test.sh

fuzz: setup ## Have the API server and the parser judge made-up specs.
	@ULLAGE_FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/pytest tests/failures/test_fuzz.py

lint: setup ## Check style, types, layers and what is generated.
	@sh scripts/lint.sh

bench: setup ## Run the benchmarks.
	@$(BIN)/python -m bench

bench-scale: setup ## Measure the operator with 200 and 1,000 jobs on fake nodes, beside its floors (root).
	@PYTHONPATH=tests $(BIN)/python -m bench scale $(SCALE)

bench-submit: setup ## Measure from submitting a job to its first training step, beside bare pods, on a real node (root).
	@PYTHONPATH=tests $(BIN)/python -m bench submit $(SUBMIT)

cluster: setup ## Start a Kubernetes for tests: kind, minikube or a node of our own (.cluster/kubeconfig).
	@PYTHONPATH=tests $(BIN)/python -m cluster up

cluster-down: setup ## End it and remove all it left.
	@PYTHONPATH=tests $(BIN)/python -m cluster down

images: setup ## Build both images and give them to the cluster (root; buildah, debootstrap).
	@PYTHONPATH=tests $(BIN)/python -m cluster images

manifests: setup ## Render manifests/operator from the chart.
	@sh scripts/render.sh

format: setup ## Format the code.
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: setup ## Resolve the requirements again.
	@sh scripts/lock.sh

crd: setup ## Generate manifests/crd from the types.
	@$(BIN)/python -m ullage_operator.api.crd

clean: ## Remove what the targets made, .ullage (data, artifacts, books) excepted.
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
