package dev.suture.types;

import dev.suture.dwarf.TypeGraph;
import dev.suture.dwarf.TypeNode;
import dev.suture.dwarf.TypeNode.Kind;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Finds the types that a variable, a member, a function or one of its locals has or points to. */
final class Referred {
    private static final int MAXIMUM_DEPTH = 60;

    private final Set<String> names = new HashSet<>();

    private Referred() {}

    /** {@return their names} */
    static Set<String> by(TypeGraph graph) {
        Referred referred = new Referred();
        graph.variables().forEach(variable -> referred.add(variable.type(), 0));
        graph.functions().forEach(function -> {
            referred.add(function.result(), 0);
            function.locals().forEach(local -> referred.add(local.type(), 0));
        });
        for (List<TypeNode> types : graph.named().values()) {
            for (TypeNode type : types) {
                if (type.isComposite()) {
                    type.fields().forEach(field -> referred.add(field.type(), 0));
                }
            }
        }
        return referred.names;
    }

    private void add(TypeNode type, int depth) {
        if (depth > MAXIMUM_DEPTH) {
            return;
        }
        if (type.isComposite()) {
            names.add(type.name());
        } else if (type.kind() == Kind.FUNCTION) {
            add(type.target(), depth + 1);
            type.parameters().forEach(parameter -> add(parameter, depth + 1));
        } else if (type.kind() != Kind.ENUM && type.kind() != Kind.VOID) {
            add(type.target(), depth + 1);
        }
    }
}
