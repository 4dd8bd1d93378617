package dev.suture.process;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;

/** Loads, reverts and unloads a payload again and again, until it is killed, or once. */
final class Victim {
    private Victim() {}

    /** With which status it ends at a step. */
    static final int STATUS = 99;

    /**
     * The number of a process, the payload and, if it is to end by itself, at which {@link Step} the how many-th time it
     * comes, such as {@code COPY_WRITTEN:3}; it does everything once.
     */
    public static void main(String[] arguments) {
        ProcessTarget target = new ProcessTarget(Integer.parseInt(arguments[0]), "pid:" + arguments[0]);
        Payload payload = Payload.read(Path.of(arguments[1]));
        boolean isToEnd = arguments.length > 2;
        if (isToEnd) {
            Map<Step, Integer> times = new EnumMap<>(Step.class);
            Step.watch(step -> {
                if (arguments[2].equals(step + ":" + times.merge(step, 1, Integer::sum))) {
                    Runtime.getRuntime().halt(STATUS);
                }
            });
        }
        for (int i = 0; i == 0 || !isToEnd; i++) {
            target.upload("victim", payload);
            target.apply("victim", ApplyOptions.DEFAULT);
            if (i == 0) {
                System.out.println("going");
            }
            target.revert("victim", ApplyOptions.DEFAULT);
            target.unload("victim", ApplyOptions.DEFAULT);
        }
    }
}
