/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - what the program says on stderr: errors as one line that says what to do, and progress
 * of what takes long. A function that fails reports once, where the error is born, and returns -1.
 */
#pragma once

/** "mayfly: <text>". */
void report_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** "<path>:<line>:<column>: error: <text>"; line and column count from 1. */
void report_error_at(const char *path, unsigned long line, unsigned long column, const char *format,
                     ...) __attribute__((format(printf, 4, 5)));

/** Something the user wants to know while waiting; nothing unless stderr is a terminal. */
void report_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The clock of report_progress() starts again. */
void report_progress_begin(void);

/** Says which step runs, if more than a second passed since the begin and stderr is a terminal. */
void report_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
