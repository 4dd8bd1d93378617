package dev.suture.process;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import java.nio.file.Path;

/** Loads, reverts and unloads a payload again and again, until it is killed, or as often as it is told. */
final class Victim {
    private Victim() {}

    /** The number of a process, the payload and, if it is to end, how often. */
    public static void main(String[] arguments) {
        ProcessTarget target = new ProcessTarget(Integer.parseInt(arguments[0]), "pid:" + arguments[0]);
        Payload payload = Payload.read(Path.of(arguments[1]));
        int times = arguments.length > 2 ? Integer.parseInt(arguments[2]) : Integer.MAX_VALUE;
        for (int i = 0; i < times; i++) {
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
