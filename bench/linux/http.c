/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http - the first process of a Linux guest that serves something: loads the modules of the virtio
 * network card, gives it the address that QEMU's user network expects and becomes /http, or the
 * program that its arguments name (what stands behind `--` on the kernel's command line).
 * Without modules there is no network; such a program is a child, and at its end the machine goes off.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the order of their dependencies. */
static const char *const modules[] = {
    "/virtio.ko",     "/virtio_ring.ko", "/virtio_pci_modern_dev.ko", "/virtio_pci_legacy_dev.ko",
    "/virtio_pci.ko", "/failover.ko",    "/net_failover.ko",          "/virtio_net.ko",
};

static int check(int result, const char *what)
{
    if (result < 0) {
        perror(what);
        reboot(RB_POWER_OFF);
        _exit(1);
    }
    return result;
}

static struct sockaddr internet(const char *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr any;
    check(inet_pton(AF_INET, address, &in.sin_addr) == 1 ? 0 : -1, address);
    memcpy(&any, &in, sizeof(any));
    return any;
}

static void configure(void)
{
    const int s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    struct ifreq card = {.ifr_name = "eth0"};
    struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
    card.ifr_addr = internet("10.0.2.15");
    check(ioctl(s, SIOCSIFADDR, &card), "address");
    card.ifr_netmask = internet("255.255.255.0");
    check(ioctl(s, SIOCSIFNETMASK, &card), "netmask");
    card.ifr_flags = IFF_UP | IFF_RUNNING;
    check(ioctl(s, SIOCSIFFLAGS, &card), "eth0 up");
    route.rt_dst = internet("0.0.0.0");
    route.rt_genmask = internet("0.0.0.0");
    route.rt_gateway = internet("10.0.2.2");
    check(ioctl(s, SIOCADDRT, &route), "route");
    close(s);
}

static void loopback_up(void)
{
    const int s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    struct ifreq card = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    check(ioctl(s, SIOCSIFFLAGS, &card), "lo up");
    close(s);
}

static void load_modules(void)
{
    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        const int fd = check(open(modules[i], O_RDONLY | O_CLOEXEC), modules[i]);
        check((int)syscall(SYS_finit_module, fd, "", 0), modules[i]);
        close(fd);
    }
}

int main(int argc, char **argv)
{
    static char *const http[] = {"/http", NULL};
    char *const *const program = argc > 1 ? argv + 1 : http;

    mkdir("/tmp", 0777);
    mount("dev", "/dev", "devtmpfs", 0, NULL);
    loopback_up();
    if (access(modules[0], R_OK) == 0) {
        load_modules();
        configure();
        check(execv(program[0], program), program[0]);
    }
    if (check(fork(), "fork") == 0) {
        check(execv(program[0], program), program[0]);
    }
    wait(NULL);
    reboot(RB_POWER_OFF);
    return 1;
}
