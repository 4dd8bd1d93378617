package dev.suture.link;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.UnwindPointers;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfBuilder;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.ToIntFunction;

/**
 * Variables that hold the address of a library's symbol, such as {@code DW.ref.__gxx_personality_v0}, through which
 * unwind tables refer to it. Compilers make one in each object and the linker keeps one; a program that was compiled in
 * another way has none, and then the payload brings its own.
 */
final class PointersToImports {
    private static final int POINTER_BYTES = 8;
    private static final int R_X86_64_64 = 1;

    private final ElfBuilder builder;
    private final Image image;
    private final ToIntFunction<String> undefined;
    private final Map<String, Integer> symbols = new HashMap<>();

    /** @param undefined gives the symbol of that name which somebody else defines */
    PointersToImports(ElfBuilder builder, Image image, ToIntFunction<String> undefined) {
        this.image = image;
        this.builder = builder;
        this.undefined = undefined;
    }

    /** {@return the symbol of the payload's own pointer, if a variable is one that the program has not} */
    OptionalInt symbol(ObjectPieces object, Piece variable) {
        Optional<Symbol> target =
                image.find(variable.name()).isPresent() ? Optional.empty() : UnwindPointers.target(object, variable);
        return target.map(to -> OptionalInt.of(symbol(variable.name(), to.name())))
                .orElse(OptionalInt.empty());
    }

    private int symbol(String name, String target) {
        return symbols.computeIfAbsent(name, key -> {
            int section = builder.addSection(
                    ".data.rel.local." + key,
                    Elf.SHT_PROGBITS,
                    Elf.SHF_ALLOC | Elf.SHF_WRITE,
                    POINTER_BYTES,
                    0,
                    new byte[POINTER_BYTES]);
            builder.addRelocation(section, 0, R_X86_64_64, undefined.applyAsInt(target), 0);
            return builder.addSymbol(
                    key, 0, POINTER_BYTES, Elf.STB_LOCAL, Elf.STT_OBJECT, 0, Symbol.Place.SECTION, section);
        });
    }
}
