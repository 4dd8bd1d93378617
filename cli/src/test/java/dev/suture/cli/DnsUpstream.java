package dev.suture.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The name server that the one under test asks. It knows an address for every name, and gives back the options of the
 * question; for names that begin with {@code forged}, with another client's network in them, as an attacker might.
 *
 * @see "RFC 7871, 6. Option Format"
 */
final class DnsUpstream implements AutoCloseable {
    private final DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());

    DnsUpstream() throws IOException {
        Thread.ofPlatform().daemon().start(this::serve);
    }

    int port() {
        return socket.getLocalPort();
    }

    /** {@return the address of a name} */
    static byte[] addressOf(String name) {
        int hash = name.hashCode();
        return new byte[] {10, (byte) (hash >> 16), (byte) (hash >> 8), (byte) hash};
    }

    private void serve() {
        DatagramPacket packet = new DatagramPacket(new byte[4096], 4096);
        try {
            while (!socket.isClosed()) {
                socket.receive(packet);
                byte[] answer = answer(Arrays.copyOf(packet.getData(), packet.getLength()));
                socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            }
        } catch (IOException e) {
            // Closed: the test is over.
            return;
        }
    }

    private static byte[] answer(byte[] query) {
        int end = DnsClient.endOfQuestion(query);
        String name = name(query);
        byte[] options = Arrays.copyOfRange(query, end, query.length);
        if (name.startsWith("forged") && options.length > 0) {
            options[options.length - 1] ^= 0x55;
        }
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        message.write(query, 0, 2);
        message.writeBytes(new byte[] {(byte) 0x85, (byte) 0x80, 0, 1, 0, 1, 0, 0});
        message.write(query, 10, end - 10);
        message.writeBytes(new byte[] {(byte) 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4});
        message.writeBytes(addressOf(name));
        message.writeBytes(options);
        return message.toByteArray();
    }

    private static String name(byte[] query) {
        StringBuilder name = new StringBuilder();
        for (int at = 12; query[at] != 0; at += 1 + query[at]) {
            name.append(name.isEmpty() ? "" : ".")
                    .append(new String(query, at + 1, query[at], StandardCharsets.US_ASCII));
        }
        return name.toString();
    }

    @Override
    public void close() {
        socket.close();
    }
}
