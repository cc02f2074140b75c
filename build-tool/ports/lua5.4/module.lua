-- SPDX-License-Identifier: Apache-2.0
return {twice = function(n) return 2 * n end}
