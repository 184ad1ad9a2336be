import static org.codelibs.opensearch.runner.OpenSearchRunner.newConfigs;

import org.codelibs.opensearch.runner.OpenSearchRunner;

/**
 * Runs OpenSearch in this process until it is killed. Arguments: folder, first HTTP port, first transport port, nodes,
 * then any number of settings as key=value.
 */
public final class OpenSearchLauncher {
    public static void main(String[] args) throws Exception {
        final String folder = args[0];
        final int httpPort = Integer.parseInt(args[1]);
        final int transportPort = Integer.parseInt(args[2]);
        final int nodes = Integer.parseInt(args[3]);

        final OpenSearchRunner runner = new OpenSearchRunner();
        runner.setMaxHttpPort(-1); // take the port that we were given, or fail
        runner.onBuild((number, settings) -> {
            settings.put("network.host", "127.0.0.1");
            settings.put("transport.port", String.valueOf(transportPort + number - 1));
            if (nodes > 1) {
                settings.putList("discovery.seed_hosts", "127.0.0.1:" + transportPort);
                settings.putList("cluster.initial_master_nodes", "Node 1");
            }
            for (int i = 4; i < args.length; i++) {
                final int equals = args[i].indexOf('=');
                settings.put(args[i].substring(0, equals), args[i].substring(equals + 1));
            }
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                runner.close();
            } catch (Exception e) {
                e.printStackTrace();
            }
        }));
        runner.build(newConfigs()
                .clusterName("indexswap-" + httpPort)
                .numOfNode(nodes)
                .baseHttpPort(httpPort - 1) // node n listens on base + n
                .basePath(folder));
        Thread.currentThread().join();
    }
}
