package dev.suture.certify;

import dev.suture.diff.ObjectPieces;
import dev.suture.elf.Symbol;
import java.util.List;

/** Tells which objects of libraries the linker leaves out. */
final class LibraryObjects {
    private LibraryObjects() {}

    /** {@return whether an object of {@code lib.a} was not linked: nothing lacked a symbol that it defines} */
    static boolean isLeftOut(Program program, ObjectPieces object, RunningSystem system) {
        List<Symbol> globals = object.elf().symbols().stream()
                .filter(symbol -> symbol.isInSection() && !symbol.isLocal())
                .toList();
        return object.name().startsWith("lib/")
                && !globals.isEmpty()
                && globals.stream()
                        .allMatch(
                                symbol -> system.symbols().global(symbol.name()).isEmpty()
                                        || isDefinedBefore(program, object, symbol));
    }

    private static boolean isDefinedBefore(Program program, ObjectPieces object, Symbol symbol) {
        return program.global(symbol.name())
                .filter(definition -> program.object(definition.part()) != object)
                .isPresent();
    }
}
