package dev.suture.diff;

import java.util.Set;

/**
 * What differs from one kind of target to another when a payload's contents are chosen.
 *
 * @param sharedNames names of weak functions and variables that the target has, from whichever object: inline functions
 *     and templates of C++. A new object may bring them again, and must use the target's
 * @param atStart when what is needed only once is over, in words: "while the system boots"
 * @param unwinds whether it unwinds by {@code .eh_frame}
 * @param onlyAtStart functions, by the names that the target has for them, which do not run again, by its own code; those
 *     in sections that are given back after the start need not be among them
 * @param keepNothing functions, which no object of a patch defines, that do not keep an address which they are given
 * @param acceptedNewState variables and constants of which the author says that nobody misses what the running ones hold
 */
public record TargetTraits(
        Set<String> sharedNames,
        String atStart,
        boolean unwinds,
        Set<String> onlyAtStart,
        Set<String> keepNothing,
        Set<String> acceptedNewState) {
    /**
     * A hypervisor.
     *
     * @see "Xen xen/common/string.c, xen/lib, xen/drivers/char/console.c"
     */
    public static final TargetTraits HYPERVISOR = new TargetTraits(
            Set.of(),
            "while the system boots",
            false,
            Set.of(),
            Set.of(
                    "memcpy",
                    "memmove",
                    "memset",
                    "memcmp",
                    "strcmp",
                    "strncmp",
                    "strcasecmp",
                    "strlen",
                    "strnlen",
                    "strlcpy",
                    "strlcat",
                    "snprintf",
                    "printk"),
            Set.of());

    public TargetTraits {
        sharedNames = Set.copyOf(sharedNames);
        onlyAtStart = Set.copyOf(onlyAtStart);
        keepNothing = Set.copyOf(keepNothing);
        acceptedNewState = Set.copyOf(acceptedNewState);
    }

    /** {@return those of a process} */
    public static TargetTraits ofProcess(Set<String> sharedNames, Set<String> keepNothing) {
        return ofProcess(sharedNames, keepNothing, Set.of());
    }

    /** {@return those of a process of which some functions are known not to run again} */
    public static TargetTraits ofProcess(Set<String> sharedNames, Set<String> keepNothing, Set<String> onlyAtStart) {
        return new TargetTraits(sharedNames, "when the program starts", true, onlyAtStart, keepNothing, Set.of());
    }

    /** {@return the same for an author who accepts that of some variables} */
    public TargetTraits accepting(Set<String> newState) {
        return new TargetTraits(sharedNames, atStart, unwinds, onlyAtStart, keepNothing, newState);
    }
}
