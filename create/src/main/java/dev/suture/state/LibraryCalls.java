package dev.suture.state;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What functions of the C and C++ libraries do with what their arguments point to. One that is not here may do anything.
 *
 * @see "ISO C 7.21, 7.24, 7.26, 7.27; POSIX.1; Itanium C++ ABI 3.3.3, Once-time initialization"
 */
final class LibraryCalls {
    /** What becomes of what an argument points to. */
    enum Use {
        /** It is read. */
        READ,
        /** It is written before anybody could look at what was in it; all of it that is used later. */
        MADE,
        /** The same, or it is left as it is. */
        MAYBE_MADE,
        /** It is written before anybody could look at what was in it, but as many bytes as another argument says. */
        FILLED,
        /** What it is afterwards is what it was, changed by one step: a list, a text that grows. */
        STEPPED,
        /** It is a lock, a condition or a guard: who takes it gives it back. */
        LOCKED
    }

    /** {@code int pthread_once(pthread_once_t *, void (*)(void))}, and what C11 calls it. */
    static final Set<String> ONCE = Set.of("pthread_once", "call_once");

    static final Set<String> GUARDS = Set.of("__cxa_guard_acquire", "__cxa_guard_release", "__cxa_guard_abort");
    static final String ACQUIRE = "__cxa_guard_acquire";
    static final String RELEASE = "__cxa_guard_release";
    private static final int REST = 6;

    /** For each function the use of its arguments in order; the last one stands for all that follow. */
    private static final Map<String, String> USES = Stream.of(
                    "frr memcpy memmove mempcpy __memcpy_chk __memmove_chk __mempcpy_chk",
                    "mr strcpy stpcpy strncpy __strcpy_chk __strncpy_chk __stpcpy_chk strlcpy",
                    "fr memset __memset_chk bzero explicit_bzero",
                    "sr strcat strncat strlcat __strcat_chk __strncat_chk",
                    "mr sprintf snprintf vsprintf vsnprintf __sprintf_chk __snprintf_chk __vsprintf_chk __vsnprintf_chk",
                    "r strlen strnlen strcmp strncmp strcasecmp strncasecmp strcoll memcmp bcmp strspn strcspn",
                    "r strdup strndup atoi atol atoll atof printf puts perror __printf_chk",
                    "r fprintf __fprintf_chk fputs fwrite write send sendto syslog __syslog_chk dprintf __dprintf_chk",
                    "rrw sscanf __isoc99_sscanf __isoc23_sscanf fscanf __isoc99_fscanf __isoc23_fscanf",
                    "rw scanf __isoc99_scanf __isoc23_scanf",
                    "mr fgets __fgets_chk ctime_r asctime_r",
                    "rf read recv recvfrom pread pread64 __read_chk",
                    "frrs fread",
                    "mr time gettimeofday",
                    "rrmr inet_ntop",
                    "rw stat lstat fstat readlink realpath clock_getres getrlimit",
                    "mr getcwd gethostname uname",
                    "r free fclose fflush fileno fputc putc fseek rewind nanosleep usleep setlinebuf",
                    "rm clock_gettime localtime_r gmtime_r",
                    "mr pthread_mutex_init pthread_rwlock_init pthread_cond_init pthread_spin_init sem_init pthread_key_create",
                    "m pthread_mutex_destroy pthread_rwlock_destroy pthread_cond_destroy pthread_spin_destroy sem_destroy",
                    "l pthread_mutex_lock pthread_mutex_trylock pthread_mutex_unlock pthread_mutex_timedlock",
                    "l pthread_rwlock_rdlock pthread_rwlock_wrlock pthread_rwlock_unlock",
                    "l pthread_rwlock_tryrdlock pthread_rwlock_trywrlock pthread_spin_lock pthread_spin_trylock",
                    "l pthread_spin_unlock pthread_cond_signal pthread_cond_broadcast pthread_once call_once",
                    "llr pthread_cond_wait pthread_cond_timedwait",
                    "l __cxa_guard_acquire __cxa_guard_release __cxa_guard_abort",
                    "s sem_wait sem_trywait sem_post sem_timedwait qsort",
                    "ssr getline getdelim",
                    "mr regcomp sigemptyset sigfillset",
                    "sr sigaddset sigdelset",
                    "r regexec sigismember")
            .map(line -> line.split(" "))
            .flatMap(words -> Stream.of(words).skip(1).map(name -> Map.entry(name, words[0])))
            .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));

    /**
     * How many bytes those write that write always the same, in the 64-bit libraries of x86; of texts nobody can tell.
     *
     * @see "glibc bits/pthreadtypes-arch.h, bits/semaphore.h, bits/types/struct_tm.h, sys/utsname.h, regex.h"
     */
    private static final Map<String, Integer> BYTES = Map.ofEntries(
            Map.entry("time", 8),
            Map.entry("gettimeofday", 16),
            Map.entry("clock_gettime", 16),
            Map.entry("localtime_r", 56),
            Map.entry("gmtime_r", 56),
            Map.entry("uname", 390),
            Map.entry("pthread_mutex_init", 40),
            Map.entry("pthread_mutex_destroy", 40),
            Map.entry("pthread_rwlock_init", 56),
            Map.entry("pthread_rwlock_destroy", 56),
            Map.entry("pthread_cond_init", 48),
            Map.entry("pthread_cond_destroy", 48),
            Map.entry("pthread_spin_init", 4),
            Map.entry("pthread_spin_destroy", 4),
            Map.entry("pthread_key_create", 4),
            Map.entry("sem_init", 32),
            Map.entry("sem_destroy", 32),
            Map.entry("regcomp", 64),
            Map.entry("sigemptyset", 128),
            Map.entry("sigfillset", 128));

    private LibraryCalls() {}

    /** {@return whether a function that makes what an argument points to may have made so many bytes of it} */
    static boolean makes(String function, long sizeBytes) {
        return sizeBytes <= BYTES.getOrDefault(function, Integer.MAX_VALUE);
    }

    /**
     * {@return the places of the arguments whose product is how many bytes a function fills}
     *
     * @param function one that fills as many as others of its arguments say
     */
    static List<Integer> lengths(String function) {
        return switch (function) {
            case "fread" -> List.of(1, 2);
            case "bzero", "explicit_bzero" -> List.of(1);
            default -> List.of(2);
        };
    }

    /**
     * {@return what a function does with what an argument points to; empty if that is not known}
     *
     * @param argument its place among those that are in registers, from 0 on
     */
    static Optional<Use> use(String function, int argument) {
        return Optional.ofNullable(USES.get(function))
                .filter(_ -> argument >= 0 && argument < REST)
                .map(uses -> switch (uses.charAt(Math.min(argument, uses.length() - 1))) {
                    case 'm' -> Use.MADE;
                    case 'w' -> Use.MAYBE_MADE;
                    case 'f' -> Use.FILLED;
                    case 's' -> Use.STEPPED;
                    case 'l' -> Use.LOCKED;
                    default -> Use.READ;
                });
    }
}
