package dev.suture.diff;

import dev.suture.elf.Symbol;
import java.util.Optional;

/** Tells which functions ran when the target started and do not run again. */
final class StartCode {
    private StartCode() {}

    /**
     * {@return whether a function does not run again} That a table of the start lists it proves nothing of one that the
     * target has: Xen copies {@code svm_function_table} to where it is used from then on, and code calls constructors.
     *
     * @param users who refers to what in the patched object
     */
    static boolean isOver(Comparison comparison, Piece patched, TargetTraits traits, UsersOfPieces users) {
        if (patched.role() == SectionRole.INIT) {
            return true;
        }
        Optional<Piece> twin = comparison.correlation().twinOfPatched(patched);
        return twin.isPresent()
                ? twin.get().symbols().stream()
                        .anyMatch(symbol -> traits.onlyAtStart().contains(nameInTarget(comparison, symbol)))
                : users.isListedForStart(patched);
    }

    private static String nameInTarget(Comparison comparison, Symbol symbol) {
        String file = comparison.original().sourceFile();
        return symbol.isLocal() && !file.isEmpty() ? file + "#" + symbol.name() : symbol.name();
    }
}
