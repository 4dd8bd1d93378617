package dev.suture.build.make;

import dev.suture.build.ObjectPair;
import java.util.List;

/**
 * Something else that the build links, and into which something goes that the patches reach.
 *
 * @param name relative to the source
 * @param mayShareProcess whether one process may run both it and the program at hand
 * @param objects what is linked into it and reached, compiled without and with the patches
 * @param differs whether what is linked is known to be another with the patches
 */
public record OtherOutput(String name, boolean mayShareProcess, List<ObjectPair> objects, boolean differs) {
    public OtherOutput {
        objects = List.copyOf(objects);
    }
}
