package dev.suture.process;

import dev.suture.Refusal;
import dev.suture.process.Ledger.Entry;
import dev.suture.process.Ledger.Named;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Sets variables of a payload before it is applied. A parameter is any variable of the payload that can be written, by
 * its name: one of 1, 2, 4 or 8 bytes takes a whole number, decimal or {@code 0x}; one of another size is an array of
 * characters and takes text that fits it with its final NUL.
 */
final class SetParameters {
    private SetParameters() {}

    /** {@return what cannot be set} */
    static List<Refusal> check(Entry entry, Map<String, String> values) {
        List<Refusal> refusals = new ArrayList<>();
        values.forEach((name, value) -> {
            Optional<Named> variable = variable(entry, name);
            if (variable.isEmpty()) {
                refusals.add(new Refusal(
                        entry.name(),
                        name,
                        "it has no variable %s that can be set".formatted(name),
                        "Parameters are variables of the payload that are not constant."));
            } else if (bytes(variable.get(), value).isEmpty()) {
                refusals.add(new Refusal(
                        entry.name(),
                        name,
                        "%s does not fit its %d bytes"
                                .formatted(value, variable.get().sizeBytes()),
                        "Variables of 1, 2, 4 and 8 bytes take whole numbers, others text."));
            }
        });
        return refusals;
    }

    static void write(Session session, Entry entry, Map<String, String> values) {
        values.forEach((name, value) -> {
            Named variable = variable(entry, name).orElseThrow();
            session.write(variable.address(), bytes(variable, value).orElseThrow(), "a parameter");
        });
    }

    private static Optional<Named> variable(Entry entry, String name) {
        return entry.symbols().stream()
                .filter(symbol -> symbol.isVariable() && symbol.name().equals(name))
                .findFirst();
    }

    private static Optional<byte[]> bytes(Named variable, String value) {
        int size = (int) variable.sizeBytes();
        if (size == 1 || size == 2 || size == 4 || size == 8) {
            return number(value)
                    .filter(number -> number.bitLength() <= Byte.SIZE * size - (number.signum() < 0 ? 1 : 0))
                    .map(number -> ByteBuffer.allocate(8)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(number.longValue())
                            .array())
                    .map(all -> Arrays.copyOf(all, size));
        }
        byte[] text = value.getBytes(StandardCharsets.UTF_8);
        return text.length < size ? Optional.of(Arrays.copyOf(text, size)) : Optional.empty();
    }

    private static Optional<BigInteger> number(String value) {
        try {
            boolean isNegative = value.startsWith("-");
            String digits = isNegative ? value.substring(1) : value;
            BigInteger number =
                    digits.startsWith("0x") ? new BigInteger(digits.substring(2), 16) : new BigInteger(digits);
            return digits.matches("[0-9].*") ? Optional.of(isNegative ? number.negate() : number) : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }
}
