package dev.suture.dwarf;

/**
 * What a reference to a type means, as text and in bytes.
 *
 * @param text as in the source
 * @param resolved without typedefs and qualifiers
 * @param sizeBytes of a value; 0 if it is not known or there are no values
 * @param held the type that a value holds, itself or in an array; null if none
 * @param isHeldItself whether a value is one value of {@code held}, and not an array
 */
record TypeShape(Declarator text, Declarator resolved, long sizeBytes, RawType held, boolean isHeldItself) {
    /** A description longer than this is cut and ends in a number that stands for the rest. */
    private static final int MAXIMUM_LENGTH = 2000;

    static TypeShape simple(String text, long sizeBytes) {
        Declarator declarator = new Declarator(text, "");
        return new TypeShape(declarator, declarator, sizeBytes, null, false);
    }

    static TypeShape of(RawType type, String text) {
        Declarator declarator = new Declarator(text, "");
        return new TypeShape(declarator, declarator, type.sizeBytes, type, true);
    }

    /** {@return a type made from this one that holds nothing of it} */
    TypeShape pointer(String sign, long pointerBytes) {
        Declarator pointer = text.pointer(sign);
        return new TypeShape(pointer, resolved == text ? pointer : resolved.pointer(sign), pointerBytes, null, false);
    }

    TypeShape array(String dimensions, long arrayBytes) {
        Declarator array = text.array(dimensions);
        return new TypeShape(array, resolved == text ? array : resolved.array(dimensions), arrayBytes, held, false);
    }

    TypeShape qualified(String qualifier) {
        return new TypeShape(text.qualified(qualifier), resolved, sizeBytes, held, isHeldItself);
    }

    TypeShape called(String typedef) {
        return new TypeShape(new Declarator(typedef, ""), resolved, sizeBytes, held, isHeldItself);
    }

    /**
     * A type as C writes it around a name: {@code int (*} and {@code )(void)} for a pointer to a function.
     *
     * @param before what stands before the name
     * @param after what stands after it
     */
    record Declarator(String before, String after) {
        Declarator {
            before = shortened(before);
            after = shortened(after);
        }

        private static String shortened(String text) {
            return text.length() > MAXIMUM_LENGTH
                    ? text.substring(0, MAXIMUM_LENGTH / 2) + "...#" + Integer.toHexString(text.hashCode())
                    : text;
        }

        Declarator pointer(String sign) {
            if (!after.isEmpty()) {
                return new Declarator(before + " (" + sign, ")" + after);
            }
            return new Declarator(before.endsWith("*") ? before + sign : before + " " + sign, "");
        }

        Declarator array(String dimensions) {
            return new Declarator(before, dimensions + after);
        }

        Declarator function(String parameters) {
            return new Declarator(before, "(" + parameters + ")" + after);
        }

        Declarator qualified(String qualifier) {
            return before.endsWith("*")
                    ? new Declarator(before + " " + qualifier, after)
                    : new Declarator(qualifier + " " + before, after);
        }

        @Override
        public String toString() {
            return after.isEmpty()
                    ? before
                    : before.endsWith("(*") || after.startsWith("[") ? before + after : before + " " + after;
        }
    }
}
