package dev.suture.state;

import java.util.HashSet;
import java.util.Set;

/**
 * What is known of a variable at one place of some code.
 *
 * @param written whether all ways there have written it
 * @param read whether all ways there have looked at it
 * @param other whether it may hold something else than at first, if it held that when the code began
 * @param stillOther the same, if it did not
 * @param touched whether it may have been written since the code began
 * @param addresses where its address may be
 * @param derived where numbers are that depend on what it held
 * @param governors jumps that depended on what it held, one of which at least all ways there went through, and behind which
 *     the ways have not met again; each as {@link Governor} has it
 * @param looks where its very contents are
 */
record Place(
        boolean written,
        boolean read,
        boolean other,
        boolean stillOther,
        boolean touched,
        Addresses addresses,
        Derived derived,
        Set<Governor> governors,
        Looks looks) {

    /**
     * Where a variable's address may be.
     *
     * @param registers those that may hold it
     * @param frames those that may hold an address of the stack
     * @param spilled whether it may be on the stack
     */
    record Addresses(int registers, int frames, boolean spilled) {
        Addresses or(Addresses other) {
            return new Addresses(registers | other.registers, frames | other.frames, spilled || other.spilled);
        }
    }

    /**
     * Where numbers are that certainly depend on what a variable held.
     *
     * @param registers general ones
     * @param flags whether the flags do
     * @param vector whether some vector register does
     * @param spilled whether there is one on the stack
     * @param kept whether it was stored in memory that is not the stack's
     */
    record Derived(int registers, boolean flags, boolean vector, boolean spilled, boolean kept) {
        static final Derived NOTHING = new Derived(0, false, false, false, false);

        Derived and(Derived other) {
            return new Derived(
                    registers & other.registers,
                    flags && other.flags,
                    vector && other.vector,
                    spilled && other.spilled,
                    kept && other.kept);
        }
    }

    /**
     * A jump that depends on what a variable holds, and which way was taken.
     *
     * @param step the jump
     * @param way what that says of what it held
     */
    record Governor(int step, Way way) {
        /** What a way says. */
        enum Way {
            /** It is the way of the first contents and of no others. */
            ONLY_FIRST,
            /** It is the way of the first contents, and maybe of others. */
            FIRST,
            /** It is not. */
            NOT_FIRST,
            /** Nobody can tell. */
            UNKNOWN;

            boolean isOfFirst() {
                return this == ONLY_FIRST || this == FIRST;
            }
        }
    }

    static Place begin(int registers) {
        return new Place(
                false,
                false,
                false,
                true,
                false,
                new Addresses(registers, 0, false),
                Derived.NOTHING,
                Set.of(),
                Looks.NONE);
    }

    Place or(Place also) {
        if (equals(also)) {
            return this;
        }
        return new Place(
                written && also.written,
                read && also.read,
                other || also.other,
                stillOther || also.stillOther,
                touched || also.touched,
                addresses.or(also.addresses),
                derived.and(also.derived),
                either(governors, also.governors),
                looks.or(also.looks));
    }

    private static Set<Governor> either(Set<Governor> one, Set<Governor> other) {
        if (one.isEmpty() || other.isEmpty()) {
            return Set.of();
        }
        Set<Governor> both = new HashSet<>(one);
        both.addAll(other);
        return both;
    }

    Place looked() {
        return new Place(written, true, other, stillOther, touched, addresses, derived, governors, looks);
    }

    Place wrote(boolean counts, boolean isFirst) {
        return new Place(written || counts, read, !isFirst, !isFirst, true, addresses, derived, governors, looks);
    }

    Place with(Addresses newAddresses, Derived newDerived, Looks newLooks) {
        return new Place(written, read, other, stillOther, touched, newAddresses, newDerived, governors, newLooks);
    }

    Place with(Set<Governor> newGovernors) {
        return new Place(written, read, other, stillOther, touched, addresses, derived, newGovernors, looks);
    }
}
