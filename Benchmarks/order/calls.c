// Notes which functions of a program are called, in the order of their first calls. Loaded into it by LD_PRELOAD, or linked into
// one that has no shared libraries.
//
// CALLS_FUNCTIONS  a file with the addresses of the program's functions as its symbol table has them, hexadecimal, one a line
// CALLS_OUTPUT     a file that begins with the number of calls and how many of them were before the last SIGUSR2, followed by
//                  addresses of those kinds: all 64 bits each
//
// The first byte of each function becomes a breakpoint, which its first call takes away again, and SIGUSR2 puts back. x86-64 only.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { CAPACITY = 1 << 18, BREAKPOINT = 0xcc };

static struct calls {
    _Atomic uint64_t count;
    uint64_t former;
    uint64_t functions[CAPACITY];
} *calls;
static unsigned char **functions;
static size_t known;
static uintptr_t base, start, end;
static unsigned char *code;

static int look(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size, (void)context;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X)) continue;
        uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
        base = info->dlpi_addr;
        start = (base + segment->p_vaddr) / page * page;
        end = base + segment->p_vaddr + segment->p_memsz;
    }
    return 1;  // the program itself comes first
}

static void called(int number, siginfo_t *info, void *context) {
    (void)number, (void)info;
    greg_t *instruction = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    uintptr_t address = (uintptr_t)*instruction - 1;
    if (address < start || address >= end) {
        signal(SIGTRAP, SIG_DFL);
        return;
    }
    *(volatile unsigned char *)address = code[address - start];
    *instruction = (greg_t)address;
    uint64_t place = atomic_fetch_add(&calls->count, 1);
    if (place < CAPACITY) calls->functions[place] = address - base;
}

static void plant(void) {
    for (size_t i = 0; i < known; i++) *(volatile unsigned char *)functions[i] = BREAKPOINT;
}

static void again(int number) {
    (void)number;
    calls->former = calls->count;
    plant();
}

// A thread that blocks all signals would die of the first one. Asks the kernel itself, since a program without shared libraries
// has no other function of the name.
int pthread_sigmask(int how, const sigset_t *signals, sigset_t *before) {
    sigset_t others;
    if (signals) {
        others = *signals;
        if (how != SIG_UNBLOCK) sigdelset(&others, SIGTRAP);
    }
    return syscall(SYS_rt_sigprocmask, how, signals ? &others : NULL, before, _NSIG / 8) ? errno : 0;
}

int sigprocmask(int how, const sigset_t *signals, sigset_t *before) {
    int failure = pthread_sigmask(how, signals, before);
    if (!failure) return 0;
    errno = failure;
    return -1;
}

__attribute__((constructor)) static void begin(void) {
    const char *list = getenv("CALLS_FUNCTIONS"), *output = getenv("CALLS_OUTPUT");
    if (!list || !output) return;
    dl_iterate_phdr(look, NULL);
    int file = open(output, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0 || ftruncate(file, sizeof *calls)) return;
    calls = mmap(NULL, sizeof *calls, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    code = malloc(end - start);
    functions = malloc(CAPACITY * sizeof *functions);
    FILE *addresses = fopen(list, "re");
    if (calls == MAP_FAILED || !code || !functions || !addresses) return;
    memcpy(code, (void *)start, end - start);
    struct sigaction action = {.sa_sigaction = called, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigaction(SIGTRAP, &action, NULL);
    if (mprotect((void *)start, end - start, PROT_READ | PROT_WRITE | PROT_EXEC)) return;
    uintptr_t address;
    while (known < CAPACITY && fscanf(addresses, "%" SCNxPTR, &address) == 1)
        if (address + base >= start && address + base < end) functions[known++] = (unsigned char *)(address + base);
    fclose(addresses);
    plant();
    signal(SIGUSR2, again);
}
