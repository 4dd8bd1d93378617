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
 * @param inPlace those of them over which the new function is written, instead of a jump to it
 * @param metadata {@code key=value}, as in the file
 */
public record LoadedPayload(
        String name,
        State state,
        String buildId,
        String depends,
        List<String> functions,
        List<String> inPlace,
        List<String> metadata) {
    public LoadedPayload {
        inPlace = List.copyOf(inPlace);
        functions = List.copyOf(functions);
        metadata = List.copyOf(metadata);
    }
}
