package dev.suture.explain;

import dev.suture.dwarf.SourceLine;
import java.util.List;

/**
 * One instruction as a reader sees it.
 *
 * @param offset of its first byte in its function, in bytes
 * @param bytes in hexadecimal, two digits each, separated by spaces; what relocations fill in is zero
 * @param assembly as a disassembler writes it; empty if there was none to ask
 * @param effect where it leads and what it refers to, in words; empty for what only works on registers and memory
 * @param source the line it was made from
 * @param inlined if the line is in a function that was inlined, which ones, from the inside out
 */
public record CodeLine(
        long offset, String bytes, String assembly, String effect, SourceLine source, List<InlinedAt> inlined) {
    /**
     * A function whose body was put in the place of a call.
     *
     * @param function its name
     * @param call where the call was
     */
    public record InlinedAt(String function, SourceLine call) {}

    public CodeLine {
        inlined = List.copyOf(inlined);
    }

    /** {@return such as {@code mm.h:12 in check, inlined at mm.c:40}; empty if debug information does not tell} */
    public String place() {
        StringBuilder place = new StringBuilder();
        if (source.line() > 0 && !source.file().isEmpty()) {
            place.append(source.text());
        }
        for (InlinedAt at : inlined) {
            place.append(place.isEmpty() ? "in " : " in ").append(at.function());
            place.append(", inlined at ").append(at.call().text());
        }
        return place.toString();
    }
}
