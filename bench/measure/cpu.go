package measure

import (
	"syscall"
	"time"
)

// cpuTime returns the processor time that this process has used: all its threads, the garbage collector's too, in the
// program and in the kernel for it.
func cpuTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err) // it cannot fail for the own process
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
