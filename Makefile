# Each command sets up what it needs, says so, and does nothing the second time.

.PHONY: demo test lint bench audit lock vendor chromium clean

demo: .venv/ready
	@exec .venv/bin/chec demo

test: lint chromium
	.venv/bin/pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal

lint: .venv/ready
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/djlint templates --quiet --lint

# Comparisons of speed, printed as tables; minutes long, so no part of the tests.
bench: .venv/ready
	.venv/bin/python -m tests.benchmarks

# Whether a locked package has a known hole. That is asked over the network, so no part of the tests.
audit: .venv/ready
	@if said=$$(.venv/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off \
	  --requirement requirements.lock 2>&1); then echo "$$said"; exit; fi; \
	case "$$said" in \
	  *"could not be audited"*|*ConnectionError*|*ServiceError*) \
	    echo "Nothing was audited: what is known of holes could not be had."; \
	    echo "Run this where the package index can be reached.";; \
	  *) echo "$$said";; \
	esac; exit 1

# No address of a package registry is written down: everybody uses their own.
lock: .venv/ready
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate --output-file requirements.lock pyproject.toml

# Fetches the browser's files again; git shows whether anything differs. See static/vendor/README.md.
NHSUK := nhsuk-frontend-10.6.1
HTMX := htmx.org-2.0.11
vendor:
	@set -e; packed=$$(mktemp -d); trap 'rm -r "$$packed"' EXIT; \
	for package in $(NHSUK) $(HTMX); do \
	  npm pack --silent --pack-destination "$$packed" "$${package%-*}@$${package##*-}"; \
	  mkdir "$$packed/$$package"; tar -xzf "$$packed/$$package.tgz" -C "$$packed/$$package"; \
	done; \
	htmx="$$packed/$(HTMX)/package"; nhsuk="$$packed/$(NHSUK)/package/dist/nhsuk"; \
	mkdir -p static/vendor/$(HTMX) static/vendor/$(NHSUK)/images; \
	cp "$$htmx/LICENSE" "$$htmx/dist/htmx.min.js" static/vendor/$(HTMX); \
	cp "$$nhsuk/nhsuk-frontend.min.js" static/vendor/$(NHSUK); \
	sed -E -e 's/@font-face\{[^}]*\}//g' -e 's:url\(/assets/images/:url(images/:g' \
	  -e '/sourceMappingURL/d' "$$nhsuk/nhsuk-frontend.min.css" > static/vendor/$(NHSUK)/nhsuk.css; \
	for image in $$(grep -oE 'images/[a-z-]+\.svg' static/vendor/$(NHSUK)/nhsuk.css | sort -u); do \
	  cp "$$nhsuk/assets/$$image" static/vendor/$(NHSUK)/images; done; \
	sha256sum "$$nhsuk/nhsuk-frontend.min.css" $$(find static/vendor -type f ! -name README.md | sort)

clean:
	rm -rf .venv dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

.venv/ready: requirements.lock pyproject.toml
	@python=$$(for name in python3.11 python3; do \
	  $$name -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	    && echo $$name && break; done); \
	test -n "$$python" || { echo "CHEC needs Python 3.11 or newer with its venv module." \
	  "On Debian or Ubuntu type: sudo apt-get install python3 python3-venv"; exit 1; }; \
	echo "Setting up .venv with $$($$python --version) ..."; \
	$$python -m venv .venv
	@echo "Installing the locked packages (a minute or two) ..."
	@.venv/bin/pip install -qq --disable-pip-version-check --require-hashes \
	  --requirement requirements.lock
	@.venv/bin/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation \
	  --editable .
	@touch $@

chromium:
	@command -v chromium >/dev/null || { \
	  if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	    echo "Installing Chromium for the browser tests ..."; \
	    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes chromium; \
	  else \
	    echo "The browser tests need Chromium. Type: sudo apt-get install chromium"; exit 1; \
	  fi; }
