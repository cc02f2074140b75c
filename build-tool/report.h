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

/**
 * Names the step that begins. It is said, when stderr is a terminal, once more than a second has
 * passed since the begin, be it in the middle of the step (by SIGALRM, with SA_RESTART).
 */
void report_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Nothing takes long any more. */
void report_progress_end(void);
