#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Stands here so that no build system takes the host's C++ compiler in its place.
echo "${0##*/}: there is no C++ for Mayfly, only C (no libstdc++, no exceptions, no RTTI)" >&2
exit 1
