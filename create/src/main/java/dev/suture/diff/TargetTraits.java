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
 */
public record TargetTraits(Set<String> sharedNames, String atStart, boolean unwinds, Set<String> onlyAtStart) {
    /** A hypervisor. */
    public static final TargetTraits HYPERVISOR = new TargetTraits(Set.of(), "while the system boots", false, Set.of());

    public TargetTraits {
        sharedNames = Set.copyOf(sharedNames);
        onlyAtStart = Set.copyOf(onlyAtStart);
    }

    /** {@return those of a process} */
    public static TargetTraits ofProcess(Set<String> sharedNames) {
        return ofProcess(sharedNames, Set.of());
    }

    /** {@return those of a process of which some functions are known not to run again} */
    public static TargetTraits ofProcess(Set<String> sharedNames, Set<String> onlyAtStart) {
        return new TargetTraits(sharedNames, "when the program starts", true, onlyAtStart);
    }
}
