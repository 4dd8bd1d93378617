# A front for Maven and the scripts; CONTRIBUTING.md says which command each target stands for.
.DEFAULT_GOAL := help
# Some shells have the name of the user's group in a variable of that name.
group := $(if $(filter command line,$(origin GROUP)),$(GROUP))
.PHONY: help setup setup-xen build test test-all demo demo-xen bench fuzz lint format dist clean

help: ## Show this
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

setup:
	@scripts/setup

# Without what only single tests look for.
setup-xen:
	@scripts/setup xen

build: setup-xen ## Compile and package (cli/target)
	@scripts/mvn -B -q -DskipTests package

test: setup ## Run every test but the long ones, on real Xen where it can; GROUP=NAME runs a group of them
	@GROUP='$(group)' scripts/test

test-all: setup ## Run every test, also those that take minutes, group by group; GROUP=NAME runs one group
	@GROUP='$(group)' scripts/test --all

demo: ## Patch a running server: build it, keep it busy, build a live patch, apply it, take it back
	@scripts/setup process
	@scripts/demo-process

demo-xen: setup-xen ## Patch a running hypervisor: build it, build a live patch, apply it in QEMU
	@scripts/demo-xen

bench: setup-xen ## Measure; what it prints belongs into docs/benchmarks.md
	@SUTURE_XEN_TREE=$${SUTURE_XEN_TREE:-$$(scripts/xen-tree)} scripts/bench/xen
	@scripts/bench/process

fuzz: setup-xen ## Feed made-up files to the readers, each for as long as its @FuzzTest says
	@scripts/fuzz

lint: setup-xen ## Check the formatting and the rules of the house
	@scripts/mvn -B -q -Dtest='dev/suture/cli/house/*Test' -Dsurefire.failIfNoSpecifiedTests=false test

format: setup-xen ## Format the sources
	@scripts/mvn -B -q spotless:apply

dist: setup-xen ## Make target/suture-VERSION.tar.gz, which runs without Maven
	@scripts/dist

clean: ## Remove what was built here; caches stay
	@rm -rf target */target
