/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http - the first process of a Linux guest that serves HTTP: loads the modules of the virtio
 * network card, gives it the address that QEMU's user network expects and becomes /http.
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
#include <sys/reboot.h>
#include <sys/syscall.h>
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

int main(void)
{
    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        const int fd = check(open(modules[i], O_RDONLY | O_CLOEXEC), modules[i]);
        check((int)syscall(SYS_finit_module, fd, "", 0), modules[i]);
        close(fd);
    }
    configure();
    check(execl("/http", "http", (char *)NULL), "/http");
    return 1;
}
