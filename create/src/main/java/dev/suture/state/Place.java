package dev.suture.state;

import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What is known of a variable at one place of some code.
 *
 * @param written whether all ways there have written it
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
     * @param registers those that may hold it, or an address inside of it
     * @param exact those that certainly hold it
     * @param frames those that may hold an address of the stack
     * @param slots the places on the stack that may hold it
     * @param isAnywhere whether any other place there may
     */
    record Addresses(int registers, int exact, int frames, Set<Long> slots, boolean isAnywhere) {
        static final Addresses NOWHERE = new Addresses(0, 0, 0, Set.of(), false);

        Addresses or(Addresses other) {
            Set<Long> both = slots;
            if (!slots.containsAll(other.slots)) {
                both = new HashSet<>(slots);
                both.addAll(other.slots);
            }
            return new Addresses(
                    registers | other.registers,
                    exact & other.exact,
                    frames | other.frames,
                    both,
                    isAnywhere || other.isAnywhere);
        }

        boolean isSpilled() {
            return isAnywhere || !slots.isEmpty();
        }

        /** {@return whether eight bytes of the stack may hold some of it; of a place that is not known if any may} */
        boolean isIn(OptionalLong slot) {
            return isAnywhere
                    || slots.stream()
                            .anyMatch(held -> slot.isEmpty() || Math.abs(held - slot.getAsLong()) < Long.BYTES);
        }

        /** {@return the places on the stack where it may be when something was put there} */
        Set<Long> stored(OptionalLong slot, boolean isAddress, boolean isWhole) {
            if (slot.isEmpty() || slots.contains(slot.getAsLong()) == isAddress || !isAddress && !isWhole) {
                return slots;
            }
            Set<Long> changed = new HashSet<>(slots);
            if (isAddress) {
                changed.add(slot.getAsLong());
            } else {
                changed.remove(slot.getAsLong());
            }
            return changed;
        }
    }

    /**
     * Where numbers are that certainly depend on what a variable held.
     *
     * @param registers general ones
     * @param flags whether the flags do
     * @param copies registers that hold what it holds
     * @param raised registers that hold more than that, by a constant
     */
    record Derived(int registers, boolean flags, int copies, int raised) {
        static final Derived NOTHING = new Derived(0, false, 0, 0);

        Derived and(Derived other) {
            return new Derived(
                    registers & other.registers, flags && other.flags, copies & other.copies, raised & other.raised);
        }

        /** {@return what is known where the variable may hold something else than before} */
        Derived changed() {
            return new Derived(registers, flags, 0, 0);
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

    /** @param exact the registers among them that certainly hold its address */
    static Place begin(int registers, int exact) {
        return new Place(
                false,
                false,
                true,
                false,
                new Addresses(registers, exact, 0, Set.of(), false),
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
                other || also.other,
                stillOther || also.stillOther,
                touched || also.touched,
                addresses.or(also.addresses),
                derived.and(also.derived),
                either(governors, also.governors),
                looks.or(also.looks));
    }

    /** {@return whether all ways there are those of the first contents} */
    boolean isOfFirst() {
        return !governors.isEmpty()
                && governors.stream().allMatch(governor -> governor.way().isOfFirst());
    }

    private static Set<Governor> either(Set<Governor> one, Set<Governor> other) {
        if (one.isEmpty() || other.isEmpty()) {
            return Set.of();
        }
        Set<Governor> both = new HashSet<>(one);
        both.addAll(other);
        return both;
    }

    /**
     * @param counts whether all of it was written
     * @param isFirst whether that is what it held at first
     */
    Place wrote(boolean counts, boolean isFirst) {
        return new Place(written || counts, !isFirst, !isFirst, true, addresses, derived, governors, looks);
    }

    /** {@return the same where it is known to hold something else than at first: new code has written it} */
    Place settled() {
        return new Place(true, other, stillOther, touched, addresses, derived, governors, looks);
    }

    Place with(Addresses newAddresses, Derived newDerived, Looks newLooks) {
        return new Place(written, other, stillOther, touched, newAddresses, newDerived, governors, newLooks);
    }

    Place with(Set<Governor> newGovernors) {
        return new Place(written, other, stillOther, touched, addresses, derived, newGovernors, looks);
    }
}
