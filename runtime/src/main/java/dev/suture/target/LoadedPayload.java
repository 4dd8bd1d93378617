package dev.suture.target;

import java.util.List;

/**
 * A payload in a target.
 *
 * @param name by which it is applied, reverted and unloaded
 * @param state what became of it
 * @param buildId its own, in hexadecimal digits
 * @param depends the build id of what it must be stacked on
 * @param functions what it replaces
 * @param metadata {@code key=value}, as in the file
 */
public record LoadedPayload(
        String name, State state, String buildId, String depends, List<String> functions, List<String> metadata) {
    public LoadedPayload {
        functions = List.copyOf(functions);
        metadata = List.copyOf(metadata);
    }
}
