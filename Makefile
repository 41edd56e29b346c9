# The commands of the house. `make` alone lists them.

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

.PHONY: help packages build sleep test demo bench bench-dashboard format lint

help:
	@echo "make demo          run everything on a simulated cluster of five nodes (KEEP=1: stay up)"
	@echo "make test          run all tests"
	@echo "make bench         measure, a line a figure"
	@echo "make bench-dashboard  the same of the dashboard, in Chromium"
	@echo "make build         build everything, debug"
	@echo "make format        format the sources; make lint only checks"

# Debian's packages that building and testing need; quiet when they are there.
packages:
	@scripts/packages

build: packages sleep
	swift build

sleep: $(SLEEP)

$(SLEEP): Sources/Sleep/sleep.c
	@mkdir -p $(BUILD)
	cc $(SLEEP_FLAGS) -o $@ $<

test: packages sleep
	scripts/test

demo:
	@KEEP=$(KEEP) scripts/demo

bench: packages sleep
	scripts/bench

bench-dashboard: packages
	@scripts/bench-dashboard

format:
	swift format format --in-place --parallel --recursive $(SOURCES)

lint:
	swift format lint --strict --parallel --recursive $(SOURCES)
