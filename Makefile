# SPDX-License-Identifier: Apache-2.0
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench eval lock clean browser opengl
SHELL := /bin/sh

help:  ## This text
	@echo "renxing: a ROS 2 stack that runs a whole humanoid. Targets:"
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup:  ## Make the environment in .venv (every command does so when needed)
	@./renxing setup

demo:  ## Run the simulated robot with its operator page
	@./renxing demo

test: browser opengl  ## Format, lint, types and every test
	@./renxing setup --extra test --extra g1 --extra servo --extra cameras --extra evaluation \
		--extra mapping --extra language
	@$(MAKE) --no-print-directory lint
# Many tests run processes in real time, on a machine that may be shared: what fails
# must fail twice. Each rerun is listed at the end.
	@./renxing exec pytest --reruns 1 -raR $(PYTEST_ARGUMENTS)

lint:  ## Format, lint and types only
	@./renxing setup --extra test
	@./renxing exec ruff format --check .
	@./renxing exec ruff check .
	@./renxing exec mypy

bench:  ## Measure every benchmark and print the figures
	@./renxing bench all

# Without stopping at a missed threshold: the reports say it, and so does the exit code.
eval: opengl  ## Score both robots in the simulation, for hours; reports in build/evaluation
	@./renxing setup --extra g1 --extra evaluation --extra test
	@mkdir -p build/evaluation; missed=0; \
	./renxing exec pytest -m long || missed=1; \
	for robot in rx1 g1; do for card in locomotion balance terrain carry; do \
		./renxing eval $$card --robot $$robot --aim $(EVAL_ARGUMENTS) \
			--json build/evaluation/$$robot-$$card.json \
			--html build/evaluation/$$robot-$$card.html; code=$$?; \
		[ $$code -le 1 ] || exit $$code; [ $$code = 0 ] || missed=1; \
	done; done; exit $$missed

lock:  ## Pin the newest versions that setup.py allows, for Python 3.11 and 3.12
	@./renxing setup
	@./renxing exec uv pip compile --quiet --upgrade --universal \
		--python-version 3.11 --all-extras --generate-hashes \
		--no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		setup.py --output-file requirements.lock

# The page tests drive a real browser; without one they are skipped.
browser:
	@if ! command -v chromedriver >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "renxing: installing chromium and its driver for the page tests"; \
			{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install \
				-y -qq --no-install-recommends chromium chromium-driver >/dev/null; \
			} || echo "renxing: that failed, the page tests will be skipped"; \
		else \
			echo "renxing: no browser, the page tests will be skipped; to run them:"; \
			echo "  sudo apt-get install chromium chromium-driver"; \
		fi; \
	fi

# Pictures of scorecards are rendered by OpenGL, which needs no screen and no GPU.
opengl:
	@if ! ldconfig -p | grep -q libEGL.so.1; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "renxing: installing OpenGL for the pictures of scorecards"; \
			{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install \
				-y -qq --no-install-recommends libegl1 libgl1-mesa-dri >/dev/null; \
			} || echo "renxing: that failed, scorecards will have no pictures"; \
		else \
			echo "renxing: no OpenGL, scorecards will have no pictures; to have them:"; \
			echo "  sudo apt-get install libegl1 libgl1-mesa-dri"; \
		fi; \
	fi

clean:  ## Remove everything that was made, the environment too
	rm -rf .venv build install log dist src/renxing.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
