# Every target makes the environment if it is missing (`.venv`, from requirements.lock) and then
# hands over to Python. Without make, say the same to tools/bootstrap.py: see README.md.

PYTHON  ?= python3
LECTURE ?=
SEEDS   ?= 5
SCHEDULER ?=
MODULE ?=
SAMPLE ?=
CLAIMS ?=
BENCH ?=
PEERS_PYTHON ?=
RUN = $(PYTHON) tools/bootstrap.py

.DEFAULT_GOAL := help
.PHONY: book test lab run slides assignments robust mutants bench bench-peers colab new-lecture lock stamp env clean help

book: ## build the textbook and the slide decks, and say where to open them
	@$(RUN) book

test: ## the whole proof: code, lectures, notebooks, book, browser
	@$(RUN) test

lab: ## open the notebooks in JupyterLab
	@$(RUN) lab

run: ## run the lectures that changed and store their outputs (LECTURE=01 for one)
	@$(RUN) run $(LECTURE)

slides: ## build the slide decks only
	@$(RUN) slides

assignments: ## build the edition without solutions
	@$(RUN) assignments

robust: ## measure every claim again under other seeds and kernels (SEEDS=5, KERNELS=1, SAVE=1 for the book, SCHEDULER=tcp://...)
	@$(RUN) robust$(if $(LECTURE), $(LECTURE)) --seeds $(SEEDS)$(if $(KERNELS), --kernels $(KERNELS))$(if $(SAVE), --save)$(if $(SCHEDULER), --scheduler $(SCHEDULER))

mutants: ## change one sign at a time and see whether a test notices (LECTURE=02 or MODULE=text, SAMPLE=40, DRAW=2, CLAIMS=60)
	@$(RUN) python tools/mutate.py $(LECTURE) $(MODULE)$(if $(SAMPLE), --sample $(SAMPLE))$(if $(DRAW), --draw $(DRAW))$(if $(CLAIMS), --claims $(CLAIMS))

bench: ## compare our speed with other libraries, in turns (BENCH=scalar_engine for one, SAVE=1 to store)
	@$(RUN) bench $(BENCH)$(if $(SAVE), --save)

bench-peers: ## install those libraries into .venv-peers (PEERS_PYTHON=python3.11)
	@$(RUN) bench-peers $(PEERS_PYTHON)

colab: ## run every lecture as Colab does, with Colab's versions
	@$(RUN) colab

new-lecture: ## start a lecture from the skeleton (NAME=03_depth_and_initialization)
	@$(RUN) new-lecture $(NAME)

env: ## make or update the environment, nothing else
	@$(RUN)

lock: ## resolve requirements.lock anew from pyproject.toml (UPGRADE=1 for newest versions)
	@$(PYTHON) tools/lock.py $(if $(UPGRADE),--upgrade)

stamp: ## write address and version from pyproject.toml into README and CITATION
	@$(RUN) python tools/stamp.py

clean: ## remove everything that was built, but not the environment
	@$(if $(wildcard .venv/course-stamp),$(RUN) clean,rm -rf _build)

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
