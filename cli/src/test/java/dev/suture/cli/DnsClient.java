package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A client of a name server on loopback that knows all answers: {@code hostN.test} is in the server's own list, as
 * {@code 127.9.0.N}; other names below {@code test} do not exist; {@code upN.example} is known upstream ({@link
 * DnsUpstream}).
 *
 * @see "RFC 1035, 4. Messages"
 */
final class DnsClient implements ServerLoad.Client {
    static final int HOSTS = 20;
    private static final int PATIENCE_MILLIS = 20_000;
    private static final int NO_ERROR = 0;
    private static final int NO_SUCH_NAME = 3;

    private final int port;
    private final String name;
    private final DatagramSocket socket;

    /**
     * @param port the server's
     * @param name apart from other clients, for the names that it asks for
     */
    DnsClient(int port, String name) throws IOException {
        this.port = port;
        this.name = name;
        socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        socket.setSoTimeout(PATIENCE_MILLIS);
    }

    @Override
    public int round(long number) throws Exception {
        int host = (int) (number % HOSTS);
        byte[] address = {127, 9, 0, (byte) host};
        check(overUdp(query("host%d.test".formatted(host), number)), number, NO_ERROR, address);
        check(overUdp(query("none%d.test".formatted(number), number)), number, NO_SUCH_NAME, new byte[0]);
        String remote = "up%d-%s.example".formatted(number, name);
        check(overUdp(query(remote, number)), number, NO_ERROR, DnsUpstream.addressOf(remote));
        if (number % 5 == 0) {
            check(overTcp(query("host%d.test".formatted(host), number)), number, NO_ERROR, address);
            return 4;
        }
        return 3;
    }

    /** {@return whether the server answers a question for the address of {@code wanted} within a second} */
    boolean isAnswered(String wanted) throws IOException {
        socket.setSoTimeout(1000);
        try {
            check(overUdp(query(wanted, 77)), 77, NO_ERROR, DnsUpstream.addressOf(wanted));
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        } finally {
            socket.setSoTimeout(PATIENCE_MILLIS);
        }
    }

    private static void check(byte[] answer, long number, int code, byte[] address) {
        ByteBuffer words = ByteBuffer.wrap(answer);
        assertThat(words.getShort(0)).isEqualTo((short) number);
        assertThat(answer[2] & 0x80).as("it is an answer").isEqualTo(0x80);
        assertThat(answer[3] & 0xf).as("response code").isEqualTo(code);
        assertThat(words.getShort(6)).as("answers").isEqualTo((short) (address.length / 4));
        if (address.length > 0) {
            int at = endOfQuestion(answer) + 12;
            assertThat(Arrays.copyOfRange(answer, at, at + 4)).isEqualTo(address);
        }
    }

    /** {@return where the first record behind the one question is} */
    static int endOfQuestion(byte[] message) {
        int at = 12;
        while (message[at] != 0) {
            at += 1 + message[at];
        }
        return at + 5;
    }

    private static byte[] query(String wanted, long number) {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        message.writeBytes(new byte[] {(byte) (number >> 8), (byte) number, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0});
        for (String label : wanted.split("\\.")) {
            message.write(label.length());
            message.writeBytes(label.getBytes(StandardCharsets.US_ASCII));
        }
        message.writeBytes(new byte[] {0, 0, 1, 0, 1});
        return message.toByteArray();
    }

    private byte[] overUdp(byte[] query) throws IOException {
        socket.send(new DatagramPacket(query, query.length, InetAddress.getLoopbackAddress(), port));
        DatagramPacket answer = new DatagramPacket(new byte[4096], 4096);
        socket.receive(answer);
        return Arrays.copyOf(answer.getData(), answer.getLength());
    }

    private byte[] overTcp(byte[] query) throws IOException {
        try (Socket connection = new Socket(InetAddress.getLoopbackAddress(), port)) {
            connection.setSoTimeout(PATIENCE_MILLIS);
            ByteBuffer framed = ByteBuffer.allocate(query.length + 2).putShort((short) query.length);
            connection.getOutputStream().write(framed.put(query).array());
            DataInputStream in = new DataInputStream(connection.getInputStream());
            return in.readNBytes(in.readUnsignedShort());
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
