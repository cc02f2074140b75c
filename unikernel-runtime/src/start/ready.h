/* SPDX-License-Identifier: Apache-2.0 */
/* ready.h - telling dom0 that the application serves now. */
#pragma once

/** Says so, once; later calls do nothing. For applications too. */
void mf_ready(void);
