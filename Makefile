# tools/dev makes what a target needs once, outside the tree: Python, Go and git are all that must be there.
.PHONY: check test truth fuzz lint format golden lock docs dist bench
.DEFAULT_GOAL := check

# Under a minute: form, types, import contracts and the tests that need no Helm.
check: lint
	tools/dev pytest -n auto -m "not helm and not mesh and not slow"

# Everything, with real Helm 3 and 4 and with Istio's and Kubernetes' own code, built from their Go modules.
test: lint
	tools/dev --helm --istio pytest -n auto --cov --cov-fail-under=100

# Many more made-up services on Istio and Envoy than `make test` tries.
truth:
	tools/dev --istio pytest -n auto -m mesh --truth tests/mesh

# Values made up at random, read by Helm's own packages and by us; docs/helm-dialect.md names the differences.
fuzz:
	tools/dev --helm python -m tests.fuzz.fuzz 100000

lint:
	tools/dev ruff format --check
	tools/dev ruff check
	tools/dev mypy
	tools/dev lint-imports

format:
	tools/dev ruff format
	tools/dev ruff check --fix

# Write what tests compare with; the difference is to be read before it is committed.
golden:
	tools/dev pytest -n auto --golden -m "not helm and not mesh"
	rm -r tests/mesh/recorded
	tools/dev --istio pytest --golden -m mesh tests/stories

# Pins stay as they are where they still fit; `make lock UPGRADE=--upgrade` takes the newest.
COMPILE = tools/dev env UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet pyproject.toml --universal \
	--python-version 3.11 --generate-hashes --only-binary :all: --no-emit-index-url $(UPGRADE)
lock:
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --group dev --constraint requirements.lock --output-file requirements-dev.lock

# docs/rules.md and docs/rules/ are the pages of the rules; a test compares them.
docs:
	tools/dev python -m tools.docs

dist:
	tools/dev python -m tools.dist

bench:
	tools/dev --helm sh -c 'python tests/bench/bench.py --helm "$$MESHGUARD_TEST_HELM4"'
