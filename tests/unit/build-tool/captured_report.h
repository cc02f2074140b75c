/* SPDX-License-Identifier: Apache-2.0 */
/* captured_report.h - build-tool/report.h for tests: keeps the last message instead of printing
 * it. */
#pragma once

/** The last error, as it would have been printed, without the newline; "" when there was none. */
extern char captured[1024];
