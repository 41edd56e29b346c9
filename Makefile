# The project's commands. `make` alone lists them.

BUILD := .build
SLEEP := $(BUILD)/sleep
# unsafeFlags-free and outside of Package.swift, so that coverage and sanitizers keep working on the package.
SLEEP_FLAGS := -Os -std=c11 -Wall -Wextra -Werror -ffreestanding -fno-pie -fno-stack-protector \
	-fno-asynchronous-unwind-tables -static -no-pie -nostdlib \
	-Wl,--build-id=none -Wl,-z,norelro -Wl,-z,noseparate-code -Wl,-z,noexecstack -s
ifeq ($(shell uname -m),x86_64)
SLEEP_FLAGS += -fcf-protection=none
endif
SOURCES := Sources Tests Benchmarks Package.swift

.PHONY: help packages tools build sleep test demo bench bench-build bench-dashboard bench-deploy bench-history \
	bench-planner bench-scale openapi-check images chart docs cli-reference screenshot check-workflows format lint

help:
	@echo "make demo          run everything on a simulated cluster of five nodes (KEEP=1: stay up)"
	@echo "make test          run all tests"
	@echo "make bench         measure, a line a figure"
	@echo "make bench-build   measure how long building and testing take, beside an older commit (hours; TURNS=3)"
	@echo "make bench-dashboard  measure the dashboard, in Chromium"
	@echo "make bench-history measure history and reports at 500,000 cells"
	@echo "make bench-planner measure the planner against kubelets alone, in virtual time"
	@echo "make bench-scale   measure what a node costs the coordinator, beside BASELINE=COMMIT"
	@echo "make openapi-check try Sources/Coordinator/Server/openapi.yaml on a running coordinator"
	@echo "make docs          build the documentation as a site in .build/site, strictly"
	@echo "make cli-reference write docs/cli.md out of the program's help"
	@echo "make check-workflows  check .github/workflows against their schema"
	@echo "make screenshot    take the picture of the dashboard in README.md"
	@echo "make build         build everything, debug"
	@echo "make images        build the container images; scripts/images says what BASE=local, REGISTRY and PUSH do"
	@echo "make chart         package the Helm chart; scripts/chart says what VERSION, REGISTRY and SOURCE do"
	@echo "make bench-deploy  measure the images and an installation"
	@echo "make format        format the sources; make lint only checks"

# Debian's packages that building and testing need; quiet when they are there.
packages:
	@scripts/packages

# helm and kubectl, for the tests of what is in deploy/.
tools: packages
	@scripts/tools

build: packages sleep
	scripts/swift-build

sleep: $(SLEEP)

$(SLEEP): Sources/Sleep/sleep.c
	@mkdir -p $(BUILD)
	cc $(SLEEP_FLAGS) -o $@ $<

test: packages tools sleep
	@scripts/axe
	scripts/test

demo:
	@KEEP=$(KEEP) scripts/demo

bench: packages sleep
	scripts/bench

images: export BASE := $(BASE)
images: export CONFIGURATION := $(CONFIGURATION)
images: export REGISTRY := $(REGISTRY)
images: export TAG := $(TAG)
images: export PLATFORM := $(PLATFORM)
images: export PUSH := $(PUSH)
images: export BUILDER := $(BUILDER)
images:
	scripts/images

docs:
	@scripts/docs

cli-reference: packages
	@scripts/cli-reference

check-workflows:
	@scripts/check-workflows

screenshot: packages
	@scripts/screenshot

chart: tools
	@scripts/chart

bench-deploy: packages tools sleep
	@scripts/bench-deploy

bench-history: packages
	scripts/bench-history

bench-scale: export BASELINE := $(BASELINE)
bench-scale: packages
	scripts/bench-scale

openapi-check: packages sleep
	scripts/swift-build
	scripts/openapi-check

bench-planner: packages
	scripts/bench-planner

bench-build: packages
	@env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=Benchmarks python3 -m buildtime

bench-dashboard: packages
	@scripts/bench-dashboard

format:
	swift format format --in-place --parallel --recursive $(SOURCES)

lint:
	@swift package describe --type json 2>/dev/null | python3 scripts/check_imports.py
	swift format lint --strict --parallel --recursive $(SOURCES)
