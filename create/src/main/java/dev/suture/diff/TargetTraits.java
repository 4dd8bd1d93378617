package dev.suture.diff;

import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What differs from one kind of target to another when a payload's contents are chosen.
 *
 * @param sharedNames names of weak functions and variables that the target has, from whichever object: inline functions
 *     and templates of C++. A new object may bring them again, and must use the target's
 * @param atStart when what is needed only once is over, in words: "while the system boots"
 * @param unwinds whether it unwinds by {@code .eh_frame}
 * @param onlyAtStart functions, by the names that the target has for them, which do not run again, by its own code; those
 *     in sections that are given back after the start need not be among them
 * @param keepNothing functions, which no object of a patch defines, that do not keep an address which they are given, and
 *     the registers, as a bit mask, in which that is so
 * @param acceptedNewState variables and constants of which the author says that nobody misses what the running ones hold
 * @param privateConstants global constants that nobody but their own object can refer to
 */
public record TargetTraits(
        Set<String> sharedNames,
        String atStart,
        boolean unwinds,
        Set<String> onlyAtStart,
        Map<String, Integer> keepNothing,
        Set<String> acceptedNewState,
        Set<String> privateConstants) {
    private static final int ALL_REGISTERS = -1;

    /** A hypervisor, of whose functions nothing is known. */
    public static final TargetTraits HYPERVISOR =
            new TargetTraits(Set.of(), "while the system boots", false, Set.of(), Map.of(), Set.of(), Set.of());

    public TargetTraits {
        sharedNames = Set.copyOf(sharedNames);
        onlyAtStart = Set.copyOf(onlyAtStart);
        keepNothing = Map.copyOf(keepNothing);
        acceptedNewState = Set.copyOf(acceptedNewState);
        privateConstants = Set.copyOf(privateConstants);
    }

    /** {@return those of a process} */
    public static TargetTraits ofProcess(Set<String> sharedNames, Set<String> keepNothing) {
        return ofProcess(sharedNames, keepNothing, Set.of());
    }

    /** {@return those of a process of which some functions are known not to run again} */
    public static TargetTraits ofProcess(Set<String> sharedNames, Set<String> keepNothing, Set<String> onlyAtStart) {
        return new TargetTraits(
                sharedNames,
                "when the program starts",
                true,
                onlyAtStart,
                keepNothing.stream().collect(Collectors.toMap(name -> name, _ -> ALL_REGISTERS)),
                Set.of(),
                Set.of());
    }

    /** {@return the same with functions that keep no address which they are given in some registers} */
    public TargetTraits knowing(Map<String, Integer> functions) {
        return new TargetTraits(
                sharedNames, atStart, unwinds, onlyAtStart, functions, acceptedNewState, privateConstants);
    }

    /** {@return whether a function keeps no address that it is given in any of some registers} */
    boolean keepsNothing(String function, int registers) {
        return (keepNothing.getOrDefault(function, 0) & registers) == registers;
    }

    /** {@return the same for an author who accepts that of some variables} */
    public TargetTraits accepting(Set<String> newState) {
        return new TargetTraits(sharedNames, atStart, unwinds, onlyAtStart, keepNothing, newState, privateConstants);
    }

    /** {@return the same knowing of global constants that are as good as static} */
    public TargetTraits withPrivate(Set<String> constants) {
        return new TargetTraits(sharedNames, atStart, unwinds, onlyAtStart, keepNothing, acceptedNewState, constants);
    }
}
