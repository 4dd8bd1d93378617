package dev.suture.state;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;

/** What the running target is known to have beside the objects of a patch. */
public interface Target {
    /**
     * Code of the linked target.
     *
     * @param name by which the target knows it; empty if it has none. What the linker made for calls of an import has the
     *     name of that
     * @param address of its first byte
     * @param bytes all of it
     */
    record Code(String name, long address, MemorySegment bytes) {}

    /**
     * {@return which functions call one, all of them by the names that the target has for them; empty if nobody can tell}
     */
    Optional<Set<String>> callers(String function);

    /** {@return the code that begins with a symbol which all can see} */
    Optional<Code> code(String function);

    /** {@return the code that begins at an address} */
    Optional<Code> codeAt(long address);

    /**
     * {@return whether all that runs is the target's own, as a hypervisor's is: what a library has elsewhere, such as what
     * writes texts, is among its functions}
     */
    default boolean isWithoutLibrary() {
        return false;
    }

    /** {@return whether the target takes a function from the C or C++ library, so that it is what the standard says} */
    boolean isOfLibrary(String function);
}
