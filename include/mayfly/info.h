/* SPDX-License-Identifier: Apache-2.0 */
/*
 * info.h - the info page: what dom0 tells a guest before it starts, and their console rings. It is
 * the first page of window slot 0 (HV_INFO_PAGE). hv does not read it; for the first domain hv
 * fills it in, as plain memory, without devices. "Device page" in the architecture means this.
 *
 * All offsets are bytes from the start of window slot 0, so in the guest they are its addresses.
 * Writers: [d] dom0, before the guest starts; [g] the guest; [D] dom0 while the guest runs.
 */
#pragma once

#include <stdint.h>

#define MF_INFO_MAGIC 0x4f46494du /* "MIFO" */
#define MF_INFO_VERSION 2
#define MF_NO_PORT 0xffffffffu

/* Event tags that a guest's own ports are bound with. */
#define MF_TAG_CONSOLE 1
#define MF_TAG_NET 2
#define MF_TAG_CONTROL 3

/*
 * Console: two byte rings. `head` counts bytes ever written, `tail` bytes ever taken (mod 2^32);
 * the byte of count n is at data[n % bytes]. The guest writes `out` and sends on `port` when dom0
 * is to look (out.tail == head before the write, or the ring became full); dom0 does likewise for
 * `in`. `bytes` is a power of two.
 */
struct mf_ring {
    uint32_t head;   /* by the writer, after the data (release) */
    uint32_t tail;   /* by the reader, after taking the data */
    uint32_t offset; /* of the data; [d] */
    uint32_t bytes;  /* [d] */
};

#define MF_CONSOLE_INPUT_STREAM 1u  /* what comes in is a file's or a pipe's: no terminal */
#define MF_CONSOLE_OUTPUT_STREAM 2u /* so is where the output goes */
#define MF_CONSOLE_INPUT_END 4u     /* behind what is in the ring comes nothing more; [D] */

struct mf_console {
    uint32_t port;      /* the guest's port, MF_NO_PORT: no console; [d] */
    uint32_t flags;     /* MF_CONSOLE_*; [d] [D] */
    struct mf_ring out; /* guest to dom0 */
    struct mf_ring in;  /* dom0 to guest */
};

/*
 * A network device: two virtio split virtqueues (virtio 1.2, 2.7), addresses in descriptors being
 * window offsets; each packet starts with struct virtio_net_hdr of 12 bytes. No device status or
 * configuration space: all is said here before the guest starts.
 */
struct mf_virtq {
    uint32_t desc, avail, used; /* offsets; [d] */
    uint16_t size;              /* entries, a power of two; [d] */
    uint16_t reserved;
};

#define MF_NET_F_CSUM 0x1u /* both sides take packets with partial checksums (NEEDS_CSUM) */
/*
 * Packets between two guests may be larger than the MTU, up to `mtu_inside`, if dom0 offers this and
 * the receiver says in `accepted` that it takes them: what arrives then lies in as many receive
 * buffers as it needs, filled one after the other; num_buffers in the first one's header counts
 * them. The length of a TCP segment is what both ends' options in their SYN allow, so only ends
 * that both take large packets send them to each other. What leaves the machine keeps to `mtu`. From
 * outside, segments of a TCP connection that follow each other may come as one large packet.
 */
#define MF_NET_F_LARGE 0x2u
/*
 * dom0 cuts a TCP segment over IPv4 that leaves the machine: the guest may hand over one of up to
 * `mtu_inside`, 32 times gso_size of data, with gso_type TCPV4 (and NEEDS_CSUM) in its header.
 */
#define MF_NET_F_CUT 0x4u

struct mf_net {
    uint32_t port; /* the guest's port, MF_NO_PORT: no network; [d] */
    uint32_t features;
    struct mf_virtq rx, tx;
    uint32_t buffers, buffers_bytes; /* area of the window that the guest may put packets in; [d] */
    uint8_t mac[6];
    uint16_t mtu;
    uint8_t ip4[4], ip4_gateway[4];
    uint8_t ip4_prefix, ip6_prefix; /* bits; 0: no address */
    uint16_t accepted;              /* of features: what the guest's driver takes; [g] */
    uint8_t ip6[16], ip6_gateway[16];
    uint8_t dns4[4];
    uint8_t gateway_mac[6]; /* dom0's; there is no need for ARP to leave the subnet */
    uint16_t mtu_inside;    /* with MF_NET_F_LARGE; [d] */
};

enum mf_request_op {
    MF_REQUEST_NONE = 0,
    MF_REQUEST_ECHO = 1,   /* value: args[0] + the length of text; for tests, and to measure */
    MF_REQUEST_FORK = 2,   /* args: user of files or 0; value: the child's number, there 0 */
    MF_REQUEST_WAIT = 3,   /* args: child or 0, MF_WAIT_*; value: MF_WAIT_VALUE, or 0: none yet */
    MF_REQUEST_KILL = 4,   /* args: MF_KILL_*, MF_KILL_SIGNAL; text: of sigqueue(), 16 hex digits */
    MF_REQUEST_PIPE = 5,   /* args: bytes, MF_PIPE_*; value: its number (mayfly/family.h) */
    MF_REQUEST_FILES = 6,  /* the window of files, of which it is the owner (mayfly/family.h) */
    MF_REQUEST_LINGER = 7, /* args: exit status; it has ended, and serves its children files */
    MF_REQUEST_MEMORY =
        8, /* args: MF_MEMORY_* (mayfly/family.h), pages or address; value: address */
    MF_REQUEST_SHARE = 16, /* text "PEER:NAME", args: bytes, index; value: its mf_share.state */
    MF_REQUEST_SHARE_CLOSE = 17, /* args: index */
    MF_REQUEST_GROUP = 24,       /* args: MF_GROUP_* with a process, 0 is the caller; group */
    MF_REQUEST_STOP = 25, /* args: signal, `continues`; answered when the process is to go on */
};

/*
 * A request of the guest to dom0, one at a time: the guest fills in op, args and text, then counts
 * `asked` up (release) and sends on control_port. dom0 writes error and value, then sets `answered`
 * to `asked` (release) and sends an event MF_TAG_CONSOLE or MF_TAG_CONTROL. A copy of a guest has
 * the answer, too, if that says so (fork), else it asks again.
 */
struct mf_request {
    uint32_t op;       /* enum mf_request_op; [g] */
    uint32_t asked;    /* [g] */
    uint32_t answered; /* [D] */
    int32_t error;     /* 0 or HV_ERR_*; [D] */
    uint64_t value;    /* [D] */
    uint64_t args[2];  /* [g] */
    char text[64];     /* [g] */
};

/* MF_REQUEST_WAIT. NOENT: there is no such child. */
#define MF_WAIT_KEEP 1u      /* the child can be waited for again */
#define MF_WAIT_STOPPED 2u   /* also one that a signal has stopped */
#define MF_WAIT_CONTINUED 4u /* also one that goes on */
#define MF_WAIT_NOT_ENDED 8u /* only those */
#define MF_WAIT_GROUP 16u    /* args[0] is a process group; 0: the caller's */
#define MF_WAIT_VALUE(pid, status, cpu_ms)                                                         \
    ((uint64_t)(pid) << 16 | ((status)&0xffffu) | (uint64_t)(cpu_ms) << 36)

/*
 * MF_REQUEST_KILL: to whom, and as whom; value: how many others there are, MF_KILL_SELF: the caller,
 * who gets nothing, is one of the group. NOENT: there is nobody. A signal may be 0.
 */
#define MF_KILL_GROUP ((uint64_t)1 << 20) /* the number is a group's; 0: the caller's */
#define MF_KILL_ALL ((uint64_t)1 << 21)   /* all others of the family */
#define MF_KILL_AS(uid) ((uint64_t)(uid) << 32)
#define MF_KILL_SIGNAL(signal, code) ((uint32_t)(signal) | (uint64_t)(uint32_t)(code) << 32)
#define MF_KILL_SELF ((uint64_t)1 << 32)

/* MF_REQUEST_GROUP. NOENT: no such process. PERM: POSIX's EPERM. */
enum mf_group_op {
    MF_GROUP_GET = 0,     /* value: its process group */
    MF_GROUP_SESSION = 1, /* value: its session */
    MF_GROUP_SET = 2,     /* args[1]: the group, 0: of its own number */
    MF_GROUP_LEAVE = 3,   /* a new session; value: its number */
    MF_GROUP_FRONT = 4,   /* value: the foreground group of the terminal; NOENT: not its terminal */
    MF_GROUP_TO_FRONT = 5, /* args[1]: the group */
    MF_GROUP_CPU = 6,      /* value: nanoseconds of CPU time of children that were waited for */
};
#define MF_GROUP_OF(op, pid) ((uint64_t)(op) << 32 | (uint32_t)(pid))

/*
 * A guest as a process of a family: those that came by fork() from the same first one. `signals`,
 * `child_changes`: dom0 changes them and sends an event MF_TAG_CONSOLE or MF_TAG_CONTROL.
 */
struct mf_process {
    uint32_t pid, ppid;     /* its number, 0: it is alone, and 1; its parent's, 0: none; [D] */
    uint64_t signals;       /* bit n: signal n, bit 0: see mf_sent_signals; dom0 sets bits, the
                               guest takes them, atomically */
    uint32_t end_signal;    /* the signal that ends it, or 0; [g] */
    uint32_t flags;         /* MF_PROCESS_*; [g] */
    uint32_t child_changes; /* counts ends of children; [D] */
    uint32_t member;        /* number in the family's shared memory; [D] */
};

#define MF_PROCESS_NO_ZOMBIES 1u /* nobody will wait for its children */
#define MF_PROCESS_NO_STOPS 2u   /* no SIGCHLD when one is stopped or goes on */

/*
 * The area: memory at the window's end that costs nothing until it is used. Its first page has the
 * states of the guest's shares and the path of a service's request, the others its data.
 */
#define MF_AREA_BYTES 0x4000u
#define MF_AREA_PATH 1024u /* offset in the area: the path, NUL-terminated */
#define MF_AREA_DATA 4096u /* offset in the area */
#define MF_AREA_PATH_BYTES (MF_AREA_DATA - MF_AREA_PATH)
#define MF_AREA_DATA_BYTES (MF_AREA_BYTES - MF_AREA_DATA)

/*
 * Shares: windows with other guests. Share `i` of a guest lies at MF_SHARE_VA(i), and its events
 * have the tag MF_TAG_SHARE + i. dom0 writes the states at the start of the area, then counts
 * mf_info.share_changes up and sends an event.
 */
#define MF_SHARES_MAX 8u
#define MF_TAG_SHARE 0x100u
#define MF_SHARE_VA(i) (HV_WINDOW_HIGH_VA + (0x100ull + (i)) * HV_WINDOW_BYTES)

enum mf_share_state {
    MF_SHARE_NONE = 0,      /* a clone finds this: it has no windows */
    MF_SHARE_OFFERED = 1,   /* the other guest has not come yet */
    MF_SHARE_CONNECTED = 2, /* the window is there */
    MF_SHARE_ALONE = 3,     /* the other one has gone; the window is still there */
    MF_SHARE_LOST = 4,      /* after a rollback: no window; `port`, if any, is to be closed */
};

struct mf_share {
    uint32_t state; /* enum mf_share_state; [D] */
    uint32_t port;  /* the guest's, to wake the other one; MF_NO_PORT: none; [D] */
};

/*
 * Signals between processes, with what siginfo_t says of them, in the area's first page: a ring as of
 * the console, of entries. When it is full, signals of the standard come as bits of `signals` only.
 */
#define MF_AREA_SIGNALS 128u /* offset in the area */
#define MF_SENT_SIGNALS 16u

struct mf_sent_signal {
    uint32_t signal;
    int32_t code; /* si_code */
    uint32_t pid, uid;
    int32_t status; /* SIGCHLD: as si_status */
    uint32_t reserved;
    uint64_t value; /* of sigqueue() */
};

struct mf_sent_signals {
    uint32_t head;      /* [D] */
    uint32_t tail;      /* [g] */
    uint32_t continues; /* counts SIGCONT; [D] */
    uint32_t reserved;
    struct mf_sent_signal ring[MF_SENT_SIGNALS];
};

_Static_assert(MF_AREA_SIGNALS + sizeof(struct mf_sent_signals) <= MF_AREA_PATH, "the area");

/*
 * A service is what the runtime does for dom0: look at files, and write them. dom0 fills in the
 * fields marked [D] and the area, counts `asked` up (release) and sends an event; the runtime does
 * it when it next sleeps or yields, writes the fields marked [g], sets `answered` to `asked`
 * (release) and sends on control_port. While `exclusive` is not 0 it then lets no thread go on.
 */
enum mf_service_op {
    MF_SERVICE_NONE = 0,
    MF_SERVICE_LIST = 1,   /* of a directory: struct mf_service_entry each, from `offset` on */
    MF_SERVICE_READ = 2,   /* `bytes` at `offset` of a regular file */
    MF_SERVICE_WRITE = 3,  /* likewise; the file is made if need be */
    MF_SERVICE_CREATE = 4, /* WRITE, the file being empty before */
};

struct mf_service {
    uint32_t op;        /* enum mf_service_op; [D] */
    uint32_t asked;     /* [D] */
    uint32_t answered;  /* [g] */
    int32_t error;      /* 0 or an errno number; [g] */
    uint64_t offset;    /* bytes; LIST: 0 or what `next` was; [D] */
    uint64_t next;      /* READ: the file's size; LIST: where to go on, 0: that is all; [g] */
    uint32_t bytes;     /* to read or to write; [D] */
    uint32_t done;      /* read or written, in the area's data; [g] */
    uint32_t exclusive; /* [D] */
    uint32_t mode;      /* st_mode of the file; [g] */
};

struct mf_service_entry {
    uint64_t bytes;
    int64_t mtime; /* seconds since 1970 */
    uint32_t mode; /* st_mode */
    uint16_t name_bytes;
    uint16_t entry_bytes; /* the name, not terminated, follows; a multiple of 8 */
};

struct mf_info {
    uint32_t magic, version;
    uint32_t bytes;        /* that dom0 filled in from the start of the page; [d] */
    uint32_t generation;   /* 0, and one more in each clone of a running guest; [d] */
    char name[64];         /* of the instance; [d] */
    uint8_t seed[32];      /* fresh random bytes; the guest clears them after use */
    uint64_t memory_bytes; /* its limit; [d] */
    uint32_t argc;         /* argument strings at `args`, each NUL-terminated; 0: the image's own */
    uint32_t envc;         /* likewise at `env`: NAME=value */
    uint32_t args, args_bytes;
    uint32_t env, env_bytes;
    uint32_t control_port; /* for requests and readiness; MF_NO_PORT: none; [d] */
    uint32_t reported;     /* != 0: it has told of its fault itself, on its console; [g] */
    uint32_t ready;        /* != 0: the application said that it is ready; [g] */
    uint32_t critical;     /* != 0: in code that uses window memory: do not clone it now; [g] */
    struct mf_console console;
    struct mf_net net;
    struct mf_request request;
    uint32_t area;          /* MF_AREA_BYTES of the window; 0: none; [d] */
    uint32_t share_changes; /* counts changes of states of shares; [D] */
    struct mf_service service;
    struct mf_process process;
    uint64_t clock_offset_ns; /* its monotonic time less the machine's, mod 2^64; [d] */
};

_Static_assert(sizeof(struct mf_info) <= 512, "the info page has room for rings and strings");
