package dev.suture.process;

import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Makes functions of all shapes, for {@code fuzz.cc} and for payloads that replace some of them. */
final class FuzzSource {
    static final int FUNCTIONS = 24;
    private static final String[] LEVELS = {"O0", "O1", "Os", "O2", "O3", "no-omit-frame-pointer"};
    private static final String[] REGISTERS = {
        "", "\"rbx\"", "\"r12\", \"r13\"", "\"rbx\", \"r12\", \"r13\", \"r14\", \"r15\""
    };
    private static final int LARGEST_FRAME = 3000;
    private static final int LARGEST_BYTES = 200_000;

    private final Random random;

    FuzzSource(Random random) {
        this.random = random;
    }

    /** {@return the list of functions, for their declarations and their table} */
    static String header() {
        return "#define FUNCTIONS(X) "
                + IntStream.range(0, FUNCTIONS).mapToObj(i -> "X(" + i + ")").collect(Collectors.joining(" "))
                + "\n";
    }

    /** {@return the program's functions} */
    String functions() {
        return IntStream.range(0, FUNCTIONS).mapToObj(i -> function("f" + i, i)).collect(Collectors.joining("\n"));
    }

    /** {@return a payload that replaces some of them} */
    String payload() {
        StringBuilder text = new StringBuilder("#include \"fuzz-common.h\"\n");
        random.ints(0, FUNCTIONS)
                .distinct()
                .limit(1 + random.nextInt(3))
                .forEach(i ->
                        text.append(function("new_f" + i, i)).append("REPLACES(new_f%d, \"f%d\");\n".formatted(i, i)));
        if (random.nextInt(4) == 0) {
            text.append("extern \"C\" { static int hooked; void on_change() { hooked++; } } HOOK(load, on_change);\n");
        }
        return text.toString();
    }

    private String function(String name, int index) {
        boolean isGuarded = random.nextBoolean();
        int size = 8 << random.nextInt(9);
        StringBuilder text = new StringBuilder();
        text.append("extern \"C\" __attribute__((noipa, optimize(\"%s\"))) void %s(int depth)\n{\n"
                .formatted(LEVELS[random.nextInt(LEVELS.length)], name));
        text.append("    volatile char room[%d] __attribute__((aligned(%d)));\n"
                .formatted(Math.min(size, LARGEST_FRAME), 1 << random.nextInt(8)));
        text.append(
                isGuarded
                        ? "    Noted own(%d, (const void *)%s);\n".formatted(index, name)
                        : "    Activation own;\n    fuzz_enter(&own, %d, (const void *)%s);\n".formatted(index, name));
        text.append("    room[fuzz_random() %% %d] = 1;\n".formatted(Math.min(size, LARGEST_FRAME)));
        if (random.nextInt(3) == 0) {
            text.append("    if (fuzz_has_room())\n        *(volatile char *)alloca(1 + fuzz_random() %% %d) = 1;\n"
                    .formatted(1 + random.nextInt(LARGEST_BYTES)));
        }
        String registers = REGISTERS[random.nextInt(REGISTERS.length)];
        if (!registers.isEmpty()) {
            text.append("    __asm__ volatile(\"\" : : : %s);\n".formatted(registers));
        }
        int steps = 1 + random.nextInt(2);
        boolean hasCold = random.nextInt(2) == 0;
        for (int i = 0; i < steps; i++) {
            text.append("    fuzz_step(depth);\n");
            if (hasCold) {
                text.append("    if (__builtin_expect(fuzz_random() % 4 == 0, 0)) {\n        fuzz_cold(depth);\n"
                        + "        room[0] = 2;\n    }\n");
            }
        }
        return text.append(isGuarded ? "}\n" : "    fuzz_leave(&own);\n}\n").toString();
    }
}
