/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serial.c - the emergency console: a 16550 UART at 0x3f8 (National Semiconductor PC16550D), polled
 * for output. Owns the port and one lock around output. When there is no UART, output is dropped.
 */
#include "cpu_ops.h"
#include "hv/machine.h"
#include "hv/printk.h"

#define PORT 0x3f8
#define REG_DATA (PORT + 0)
#define REG_INTERRUPTS (PORT + 1)
#define REG_FIFO (PORT + 2)
#define REG_LINE (PORT + 3)
#define REG_MODEM (PORT + 4)
#define REG_STATUS (PORT + 5)
#define REG_SCRATCH (PORT + 7)

#define STATUS_RECEIVED 0x01
#define STATUS_SENT 0x20
#define FIFO_BYTES 16
#define SPINS_MAX 10000000u /* a dead line or a lock holder that died must not hang us */

static bool present;
static bool locked;

void serial_init(void)
{
    outb(REG_SCRATCH, 0x5a);
    if (inb(REG_SCRATCH) != 0x5a) {
        return;
    }
    outb(REG_INTERRUPTS, 0);
    outb(REG_LINE, 0x80); /* divisor latch: 115200 baud */
    outb(REG_DATA, 1);
    outb(REG_INTERRUPTS, 0);
    outb(REG_LINE, 0x03);            /* 8 bits, no parity, 1 stop bit */
    while (inb(REG_STATUS) & 0x01) { /* what was typed too early; QEMU waits until it is read */
        (void)inb(REG_DATA);
    }
    outb(REG_FIFO, 0x07);  /* on, both cleared, interrupt at 1 byte */
    outb(REG_MODEM, 0x0b); /* DTR, RTS, and OUT2, which lets interrupts through */
    present = true;
}

/* Also used in an NMI or a panic, where the holder may be this CPU: so it gives up after a
 * while. */
static bool serial_lock(void)
{
    for (uint32_t spin = 0; spin < SPINS_MAX; spin++) {
        if (!__atomic_test_and_set(&locked, __ATOMIC_ACQUIRE)) {
            return true;
        }
        if (panic_is_active() && spin > 1000) {
            return false;
        }
        cpu_pause();
    }
    return false;
}

/* Writes what the FIFO takes, which is empty once the status says so: 0 when it does not. */
static size_t write_burst(const char *data, size_t bytes)
{
    const size_t burst = (inb(REG_STATUS) & STATUS_SENT) != 0 ? min_u64(bytes, FIFO_BYTES) : 0;
    for (size_t i = 0; i < burst; i++) {
        outb(REG_DATA, (uint8_t)data[i]);
    }
    return burst;
}

size_t serial_write_some(const char *data, size_t bytes)
{
    size_t done = 0;
    const bool have_lock = serial_lock();
    for (size_t n = 1; present && n != 0 && done < bytes; done += n) {
        n = write_burst(data + done, bytes - done);
    }
    if (have_lock) {
        __atomic_clear(&locked, __ATOMIC_RELEASE);
    }
    return present ? done : bytes;
}

void serial_write(const char *data, size_t bytes)
{
    for (uint32_t spin = 0; bytes != 0 && spin < SPINS_MAX / 100; spin++) {
        const size_t n = serial_write_some(data, bytes);
        data += n;
        bytes -= n;
        spin = n != 0 ? 0 : spin;
    }
}

void serial_enable_rx(void)
{
    if (present) {
        outb(REG_INTERRUPTS, 0x01);
    }
}

int serial_read(void)
{
    if (!present || (inb(REG_STATUS) & STATUS_RECEIVED) == 0) {
        return -1;
    }
    return inb(REG_DATA);
}
