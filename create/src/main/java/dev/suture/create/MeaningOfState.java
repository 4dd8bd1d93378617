package dev.suture.create;

import dev.suture.build.PatchedFile;
import dev.suture.diff.Comparison;
import dev.suture.diff.Piece;
import dev.suture.source.ChangedStores;
import dev.suture.source.ReturnedPlaces;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Says what an author has to look at because nothing else can: a number in live memory may mean something else to the code
 * that reads it, though its type and place are the same.
 */
final class MeaningOfState {
    private static final int SHOWN = 5;

    private MeaningOfState() {}

    /** {@return what is to be said of patches, a sentence without a full stop each} */
    static List<String> warnings(List<PatchedFile> files, List<Comparison> comparisons) {
        Set<String> memory = comparisons.stream()
                .flatMap(comparison -> comparison.original().pieces().stream())
                .filter(Piece::holdsState)
                .map(piece -> piece.name().replaceAll("\\.\\d+$", ""))
                .collect(Collectors.toSet());
        List<String> originals = new ArrayList<>();
        List<String> patched = new ArrayList<>();
        for (PatchedFile file : files) {
            file.original().ifPresent(text -> originals.add(text.text()));
            file.patched().ifPresent(text -> patched.add(text.text()));
        }
        List<String> warnings = new ArrayList<>();
        List<ChangedStores.Found> stores = ChangedStores.find(originals, patched, memory);
        stores.stream()
                .limit(SHOWN)
                .map(found ->
                        "`%s` now puts something else into `%s` (`%s`), and `%s` reads it in another way (`%s`): what the running system has there was put there by the old `%s`, so see that the new `%s` can read it"
                                .formatted(
                                        found.writer(),
                                        found.place(),
                                        found.store(),
                                        found.reader(),
                                        found.read(),
                                        found.writer(),
                                        found.reader()))
                .forEach(warnings::add);
        if (stores.size() > SHOWN) {
            warnings.add("the same holds for %d more: %s"
                    .formatted(
                            stores.size() - SHOWN,
                            stores.stream()
                                    .skip(SHOWN)
                                    .map(found -> "`%s`".formatted(found.place()))
                                    .collect(Collectors.joining(", "))));
        }
        for (ReturnedPlaces.Found found : ReturnedPlaces.find(originals, patched)) {
            String users = found.users().stream().map("`%s`"::formatted).collect(Collectors.joining(", "));
            warnings.add(
                    found.isOrder()
                            ? "`%s` changed, and it tells several functions in which order things are (%s): what lies in the old order is looked for in the new one"
                                    .formatted(found.function(), users)
                            : "`%s` changed, and it tells where things lie (%s): what the running system has put where the old `%s` said is not found where the new one says"
                                    .formatted(found.function(), users, found.function()));
        }
        return warnings;
    }
}
