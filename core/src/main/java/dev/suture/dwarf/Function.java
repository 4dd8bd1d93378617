package dev.suture.dwarf;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * One function as code. A function that the compiler cloned, say into {@code f} and {@code f.constprop.0}, is there once
 * for each clone, all of the same name.
 *
 * @param name as in the source, without scope
 * @param linkageName for the linker where that is another, as in C++; empty if not
 * @param isExternal whether other files can call it: not {@code static}
 * @param declared where
 * @param ranges its code; more than one if rarely used parts are elsewhere ({@code .cold})
 * @param inlined calls in it that were replaced with the body of the function called
 */
public record Function(
        String name,
        String linkageName,
        boolean isExternal,
        SourceLine declared,
        List<CodeRange> ranges,
        List<InlinedCall> inlined) {
    public Function {
        ranges = List.copyOf(ranges);
        inlined = List.copyOf(inlined);
    }

    /** {@return whether the byte at an offset of a section is part of it} */
    public boolean contains(int sectionIndex, long sectionOffset) {
        return ranges.stream().anyMatch(range -> range.contains(sectionIndex, sectionOffset));
    }

    /** {@return the names of all functions whose body is in it, at any depth} */
    public Set<String> inlinedNames() {
        Set<String> names = new HashSet<>();
        collect(inlined, names);
        return names;
    }

    private static void collect(List<InlinedCall> calls, Set<String> names) {
        for (InlinedCall call : calls) {
            names.add(call.callee());
            collect(call.inlined(), names);
        }
    }
}
