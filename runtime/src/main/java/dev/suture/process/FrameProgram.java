package dev.suture.process;

import dev.suture.process.FrameTable.BrokenException;
import dev.suture.process.FrameTable.Common;
import dev.suture.process.FrameTable.Frame;
import dev.suture.process.FrameTable.Words;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/**
 * Runs the call frame instructions of one function up to an address, and the expressions in them.
 *
 * @see "DWARF 5, 6.4.2 Call Frame Instructions, 2.5 DWARF Expressions"
 */
final class FrameProgram {
    private static final int STACK_POINTER = 7;
    private static final int SAME = 0;
    private static final int UNDEFINED = 1;
    private static final int AT_OFFSET = 2;
    private static final int IS_OFFSET = 3;
    private static final int IN_REGISTER = 4;
    private static final int AT_EXPRESSION = 5;
    private static final int IS_EXPRESSION = 6;

    private final byte[] bytes;
    private final Common common;
    private int[] rules = new int[FrameTable.REGISTERS];
    private long[] values = new long[FrameTable.REGISTERS];
    private int frameRegister = STACK_POINTER;
    private long frameOffset;
    private int frameExpression = -1;

    private record Row(int[] rules, long[] values, int frameRegister, long frameOffset, int frameExpression) {}

    FrameProgram(byte[] bytes, Common common) {
        this.bytes = bytes;
        this.common = common;
    }

    /** {@return whether there is a caller; the registers are then the caller's} */
    boolean step(Frame frame, long[] registers, Words words) {
        run(common.start(), common.end(), 0, Long.MAX_VALUE, null);
        Row initial = row();
        run(frame.programStart(), frame.programEnd(), frame.start(), frame.address(), initial);
        if (rules[FrameTable.RETURN_ADDRESS] == UNDEFINED) {
            return false;
        }
        long[] callee = registers.clone();
        long frameAddress = frameExpression >= 0
                ? evaluate(frameExpression, callee, words, 0, false)
                : callee[frameRegister] + frameOffset;
        for (int i = 0; i < FrameTable.REGISTERS; i++) {
            registers[i] = switch (rules[i]) {
                case SAME -> i == STACK_POINTER ? frameAddress : callee[i];
                case UNDEFINED -> 0;
                case AT_OFFSET -> words.at(frameAddress + values[i]);
                case IS_OFFSET -> frameAddress + values[i];
                case IN_REGISTER -> callee[(int) values[i]];
                case AT_EXPRESSION -> words.at(evaluate((int) values[i], callee, words, frameAddress, true));
                case IS_EXPRESSION -> evaluate((int) values[i], callee, words, frameAddress, true);
                default -> throw new IllegalStateException();
            };
        }
        return true;
    }

    /** {@return whether the stack is as a call leaves it: all that was pushed is the return address} */
    boolean isEntry(Frame frame) {
        run(common.start(), common.end(), 0, Long.MAX_VALUE, null);
        run(frame.programStart(), frame.programEnd(), frame.start(), frame.address(), row());
        boolean isEntry = frameExpression < 0 && frameRegister == STACK_POINTER && frameOffset == 8;
        for (int i = 0; i < FrameTable.RETURN_ADDRESS; i++) {
            isEntry &= rules[i] == SAME || rules[i] == UNDEFINED || i == STACK_POINTER;
        }
        return isEntry && rules[FrameTable.RETURN_ADDRESS] == AT_OFFSET && values[FrameTable.RETURN_ADDRESS] == -8;
    }

    private Row row() {
        return new Row(rules.clone(), values.clone(), frameRegister, frameOffset, frameExpression);
    }

    private void restore(Row row) {
        rules = row.rules.clone();
        values = row.values.clone();
        frameRegister = row.frameRegister;
        frameOffset = row.frameOffset;
        frameExpression = row.frameExpression;
    }

    private void rule(long register, int rule, long value) {
        if (register < FrameTable.REGISTERS) {
            rules[(int) register] = rule;
            values[(int) register] = value;
        }
    }

    private void run(int from, int to, long start, long wanted, Row initial) {
        FrameCursor cursor = new FrameCursor(bytes, from, to);
        Deque<Row> kept = new ArrayDeque<>();
        long address = start;
        while (!cursor.atEnd() && Long.compareUnsigned(address, wanted) <= 0) {
            int opcode = cursor.u8();
            int low = opcode & 0x3f;
            switch (opcode >> 6) {
                case 1 -> address += low * common.codeUnit();
                case 2 -> rule(low, AT_OFFSET, cursor.uleb() * common.dataUnit());
                case 3 -> restore(low, initial);
                default -> address = extended(low, cursor, address, kept, initial);
            }
        }
    }

    private void restore(long register, Row initial) {
        if (initial != null && register < FrameTable.REGISTERS) {
            rule(register, initial.rules[(int) register], initial.values[(int) register]);
        }
    }

    private long extended(int opcode, FrameCursor cursor, long address, Deque<Row> kept, Row initial) {
        switch (opcode) {
            case 0x00 -> {}
            case 0x01 -> throw new BrokenException("set_loc");
            case 0x02 -> {
                return address + cursor.u8() * common.codeUnit();
            }
            case 0x03 -> {
                return address + cursor.u16() * common.codeUnit();
            }
            case 0x04 -> {
                return address + cursor.u32() * common.codeUnit();
            }
            case 0x05 -> rule(cursor.uleb(), AT_OFFSET, cursor.uleb() * common.dataUnit());
            case 0x06 -> restore(cursor.uleb(), initial);
            case 0x07 -> rule(cursor.uleb(), UNDEFINED, 0);
            case 0x08 -> rule(cursor.uleb(), SAME, 0);
            case 0x09 -> rule(cursor.uleb(), IN_REGISTER, register(cursor.uleb()));
            case 0x0a -> kept.push(row());
            case 0x0b -> {
                if (kept.isEmpty()) {
                    throw new BrokenException("nothing to restore");
                }
                restore(kept.pop());
            }
            case 0x0c -> frame(cursor.uleb(), cursor.uleb());
            case 0x0d -> frame(cursor.uleb(), frameOffset);
            case 0x0e -> frame(frameRegister, cursor.uleb());
            case 0x0f -> frameExpression = skipped(cursor);
            case 0x10 -> rule(cursor.uleb(), AT_EXPRESSION, skipped(cursor));
            case 0x11 -> rule(cursor.uleb(), AT_OFFSET, cursor.sleb() * common.dataUnit());
            case 0x12 -> frame(cursor.uleb(), cursor.sleb() * common.dataUnit());
            case 0x13 -> frame(frameRegister, cursor.sleb() * common.dataUnit());
            case 0x14 -> rule(cursor.uleb(), IS_OFFSET, cursor.uleb() * common.dataUnit());
            case 0x15 -> rule(cursor.uleb(), IS_OFFSET, cursor.sleb() * common.dataUnit());
            case 0x16 -> rule(cursor.uleb(), IS_EXPRESSION, skipped(cursor));
            case 0x2e -> cursor.uleb();
            default -> throw new BrokenException("call frame instruction 0x%x".formatted(opcode));
        }
        return address;
    }

    private void frame(long register, long offset) {
        frameRegister = register(register);
        frameOffset = offset;
        frameExpression = -1;
    }

    private static int register(long number) {
        if (number < 0 || number >= FrameTable.REGISTERS) {
            throw new BrokenException("register " + number);
        }
        return (int) number;
    }

    private static int skipped(FrameCursor cursor) {
        int at = cursor.position();
        int size = (int) cursor.uleb();
        cursor.seek(cursor.position() + size);
        return at;
    }

    private long evaluate(int at, long[] registers, Words words, long first, boolean hasFirst) {
        FrameCursor sized = new FrameCursor(bytes, at, bytes.length);
        int size = (int) sized.uleb();
        FrameCursor cursor = new FrameCursor(bytes, sized.position(), Math.addExact(sized.position(), size));
        long[] stack = new long[64];
        int depth = 0;
        if (hasFirst) {
            stack[depth++] = first;
        }
        while (!cursor.atEnd()) {
            int opcode = cursor.u8();
            if (depth > 60) {
                throw new BrokenException("an expression too deep");
            }
            if (opcode >= 0x30 && opcode <= 0x4f) {
                stack[depth++] = opcode - 0x30;
            } else if (opcode >= 0x70 && opcode <= 0x8f) {
                stack[depth++] = registers[register(opcode - 0x70)] + cursor.sleb();
            } else if (opcode >= 0x50 && opcode <= 0x6f) {
                stack[depth++] = registers[register(opcode - 0x50)];
            } else if (opcode >= 0x08 && opcode <= 0x11) {
                stack[depth++] = constant(opcode, cursor);
            } else if (opcode == 0x92) {
                stack[depth++] = registers[register(cursor.uleb())] + cursor.sleb();
            } else {
                depth = operate(opcode, cursor, stack, depth, words);
            }
        }
        if (depth == 0) {
            throw new BrokenException("an expression without value");
        }
        return stack[depth - 1];
    }

    private static long constant(int opcode, FrameCursor cursor) {
        return switch (opcode) {
            case 0x08 -> cursor.u8();
            case 0x09 -> (byte) cursor.u8();
            case 0x0a -> cursor.u16();
            case 0x0b -> (short) cursor.u16();
            case 0x0c -> cursor.u32();
            case 0x0d -> (int) cursor.u32();
            case 0x0e, 0x0f -> cursor.u64();
            case 0x10 -> cursor.uleb();
            case 0x11 -> cursor.sleb();
            default -> throw new BrokenException("expression opcode 0x%x".formatted(opcode));
        };
    }

    private static int operate(int opcode, FrameCursor cursor, long[] stack, int depth, Words words) {
        int operands = opcode == 0x06 || opcode == 0x1f || opcode == 0x20 || opcode == 0x23 ? 1 : 2;
        if (depth < operands) {
            throw new BrokenException("an expression with too few values");
        }
        long top = stack[depth - 1];
        if (operands == 1) {
            stack[depth - 1] = switch (opcode) {
                case 0x06 -> words.at(top);
                case 0x1f -> -top;
                case 0x20 -> ~top;
                default -> top + cursor.uleb();
            };
            return depth;
        }
        long below = stack[depth - 2];
        stack[depth - 2] = switch (opcode) {
            case 0x1a -> below & top;
            case 0x1c -> below - top;
            case 0x1e -> below * top;
            case 0x21 -> below | top;
            case 0x22 -> below + top;
            case 0x24 -> below << top;
            case 0x25 -> below >>> top;
            case 0x26 -> below >> top;
            case 0x27 -> below ^ top;
            case 0x29 -> below == top ? 1 : 0;
            case 0x2a -> below >= top ? 1 : 0;
            case 0x2b -> below > top ? 1 : 0;
            case 0x2c -> below <= top ? 1 : 0;
            case 0x2d -> below < top ? 1 : 0;
            case 0x2e -> below != top ? 1 : 0;
            default -> throw new BrokenException("expression opcode 0x%x".formatted(opcode));
        };
        Arrays.fill(stack, depth - 1, depth, 0);
        return depth - 1;
    }
}
