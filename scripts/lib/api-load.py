#!/usr/bin/python3
"""Runs the load tool of ../shared/bench against this cloud as it stands.

usage: api-load.py FOLDER-OF-THE-TOOL [OPTION OF apiload.py...]

Two things are put before it: the project that the tool makes gets quotas without a limit, as the cloud it is compared with had;
and its servers all get a port, because "networks: none" needs a compute microversion (2.37) above what is served here.
"""
import sys

folder = sys.argv.pop(1)
sys.path.insert(0, folder)
import apiload  # noqa: E402

make_cloud, call = apiload.Cloud.__init__, apiload.Api.call


def cloud_without_quotas(self, options):
    make_cloud(self, options)
    self.api("compute", self.adm).call("PUT", f"/os-quota-sets/{self.pid}", {"quota_set": {"instances": -1, "cores": -1, "ram": -1}})
    self.api("network", self.adm, url=self.net_url(self.adm)).call("PUT", f"/quotas/{self.pid}", {"quota": {"port": -1, "network": -1, "subnet": -1}})


def call_with_a_port(self, method, path, body=None, ok=None):
    server = (body or {}).get("server")
    if server and server.get("networks") == "none":
        del server["networks"]  # the project's one network
    return call(self, method, path, body, ok)


apiload.Cloud.__init__, apiload.Api.call = cloud_without_quotas, call_with_a_port
sys.argv[1:1] = ["--compute-microversion", "2.1"]
apiload.main()
