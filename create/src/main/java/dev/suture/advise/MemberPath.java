package dev.suture.advise;

import dev.suture.dwarf.Member;
import dev.suture.dwarf.TypeDefinition;
import dev.suture.dwarf.Types;
import java.util.List;
import java.util.Optional;

/**
 * Finds the type of an expression such as {@code v->arch.hvm.viridian} in debug information, from the type of the variable
 * that it begins with. Members of different types may have one name, and what they point to differs.
 */
final class MemberPath {
    private MemberPath() {}

    /**
     * {@return the type of the last member, typedefs resolved, such as {@code struct viridian_vcpu *}; empty if a member is
     * not found}
     *
     * @param rootType what the variable is or points to, such as {@code struct vcpu}
     * @param members the names behind it, in order
     */
    static Optional<String> type(Types types, String rootType, List<String> members) {
        String type = rootType;
        // What is in a nested structure without a name is a member of the outer one, with a full stop in its name.
        String name = "";
        for (int at = 0; at < members.size(); at++) {
            name = name.isEmpty() ? members.get(at) : name + "." + members.get(at);
            Optional<Member> member = member(types, type, name);
            if (member.isPresent()) {
                if (at == members.size() - 1) {
                    return Optional.of(member.get().resolvedType());
                }
                type = member.get().resolvedType().replaceFirst(" \\*$", "");
                name = "";
            }
        }
        return Optional.empty();
    }

    private static Optional<Member> member(Types types, String type, String name) {
        for (TypeDefinition definition : types.all()) {
            if (definition.text().equals(type)) {
                for (Member member : definition.members()) {
                    if (member.name().equals(name)) {
                        return Optional.of(member);
                    }
                }
            }
        }
        return Optional.empty();
    }
}
