package dev.suture.create;

import dev.suture.types.TypeChange;

/** What is said of memory that means something else with a patch. */
final class MeaningText {
    private MeaningText() {}

    /** {@return one line: what it is, what is different, where it is declared and how it was reached} */
    static String of(TypeChange change) {
        String subject = switch (change.kind()) {
            case TYPE -> change.original();
            case VARIABLE, UNTYPED -> "`%s`".formatted(change.original());
            case REPLACED -> "`%s` became `%s`".formatted(change.original(), change.patched());
        };
        String way = change.kind() == TypeChange.Kind.VARIABLE ? "" : ", reached by " + change.way();
        return "%s: %s (%s)%s"
                .formatted(
                        subject,
                        String.join("; ", change.differences()),
                        change.declared().text(),
                        way);
    }

    static String what(TypeChange change) {
        String why = switch (change.kind()) {
            case TYPE -> "values of a type mean something else, and the running system holds them as they were: ";
            case VARIABLE -> "a variable means something else, and the running system has filled it as it was: ";
            case REPLACED ->
                "a type takes the place of another that it is not laid out like, and the running system holds"
                        + " values of that: ";
            case UNTYPED ->
                "what a function finds behind a pointer without a type means something else, and the running"
                        + " system holds it as it was: ";
        };
        return why + of(change);
    }

    static String remedy(TypeChange change) {
        return switch (change.kind()) {
            case TYPE, REPLACED ->
                "Keep the type as it is: keep new state in a variable or table of its own, looked up by the object's"
                        + " address. If no %s outlives a single call, pass --allow-type '%s'."
                                .formatted(change.original(), change.original());
            case VARIABLE ->
                "Keep its type, and give what is new a variable of its own. If what it holds means the same, pass"
                        + " --allow-type '%s'.".formatted(change.original());
            case UNTYPED ->
                "Keep the type of what it points to. If what is there means the same, pass --allow-type '%s'."
                        .formatted(change.original());
        };
    }
}
