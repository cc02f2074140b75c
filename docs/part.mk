# SPDX-License-Identifier: Apache-2.0
# `make docs` makes docs/abi.md anew. It is kept in the tree, for readers; tests/docs.bats fails when it is out of date.

.PHONY: docs
docs:
	@docs/generate-abi >docs/abi.md.new || { rm -f docs/abi.md.new; exit 1; }
	@mv docs/abi.md.new docs/abi.md
