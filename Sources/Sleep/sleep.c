// sleep: holds a container open, and with it the container's image, until it is told to end.
//
//   cc -Os -std=c11 -Wall -Wextra -Werror -ffreestanding -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -static -no-pie -nostdlib -Wl,--build-id=none -Wl,-z,norelro -Wl,-z,noseparate-code -Wl,-z,noexecstack -s -o sleep sleep.c
//
// (-fcf-protection=none is for x86_64 alone: leave it out for aarch64.)
//
// It runs in images of which nothing is known, FROM scratch included: so it has no libc, no loader and no data,
// and opens no file. SIGTERM and SIGINT end it with status 0. As process 1 of a container it has no default
// actions for signals, so it asks for them: both are blocked and then waited for, which needs no handler and no
// restorer. It has no children, so there is nothing to reap.

#if defined(__x86_64__)
#define SYS_rt_sigprocmask 14
#define SYS_rt_sigtimedwait 128
#define SYS_exit_group 231
#elif defined(__aarch64__)
#define SYS_rt_sigprocmask 135
#define SYS_rt_sigtimedwait 137
#define SYS_exit_group 94
#else
#error "sleep.c knows x86_64 and aarch64 only"
#endif

enum { BLOCK = 0, INTERRUPT = 2, TERMINATE = 15, SET_BYTES = 8 };

static long call(long number, long a, long b, long c, long d) {
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
#else
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
#endif
}

// The kernel leaves the stack aligned for a process's first instruction, not for a function: as nothing here
// uses aligned vector instructions, that is no matter.
__attribute__((noreturn)) void _start(void) {
    unsigned long signals = (1UL << (INTERRUPT - 1)) | (1UL << (TERMINATE - 1));
    call(SYS_rt_sigprocmask, BLOCK, (long)&signals, 0, SET_BYTES);
    // A wait is interrupted by SIGSTOP and SIGCONT, and by a debugger: wait again.
    while (call(SYS_rt_sigtimedwait, (long)&signals, 0, 0, SET_BYTES) < 0) {
    }
    call(SYS_exit_group, 0, 0, 0, 0);
    __builtin_unreachable();
}
