package dev.suture.process;

import dev.suture.LivePatchException;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import java.nio.file.Path;

/** Loads payloads with the rights of whoever runs it, and says in a line for each how that ended. */
final class AsAnotherUser {
    private AsAnotherUser() {}

    /** Numbers of processes and payloads, in pairs. */
    public static void main(String[] arguments) {
        for (int i = 0; i < arguments.length; i += 2) {
            System.out.println(load(Integer.parseInt(arguments[i]), Path.of(arguments[i + 1])));
        }
    }

    private static String load(int pid, Path payload) {
        try (ProcessTarget target = new ProcessTarget(pid, "pid:" + pid)) {
            Outcome outcome = target.upload("load", Payload.read(payload));
            if (outcome instanceof Outcome.Done) {
                outcome = target.apply("load", ApplyOptions.DEFAULT);
            }
            return outcome instanceof Outcome.Done ? "done" : outcome.toString();
        } catch (LivePatchException e) {
            return e.getMessage();
        }
    }
}
