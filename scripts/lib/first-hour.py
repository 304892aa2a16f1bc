#!/usr/bin/env python3
"""What a person does in the first hour with a new cloud, in one go and as often as wanted: image, flavors, networks, router, security
group, key, server, floating IP, login. Uses the official SDK with clouds.yaml; everything it finds, it keeps.

usage: first-hour.py OUT RUN   (folders: build results, state)
"""
import os
import subprocess
import sys
import time

import openstack

OUT, RUN = sys.argv[1:3]
EXTERNAL = {"cidr": "172.24.4.0/24", "gateway": "172.24.4.1", "first": "172.24.4.10", "last": "172.24.4.250"}
LOGIN_TIMEOUT = 300
started = time.monotonic()


def say(text):
    print(f"\033[1m[{time.monotonic() - started:4.0f}s]\033[0m {text}", flush=True)


def ensure(kind, found, create):
    if found is not None:
        return found
    say(f"making {kind}")
    return create()


def await_node(cloud):
    for _ in range(300):
        if any(service.state == "up" for service in cloud.compute.services(binary="nova-compute")):
            return
        time.sleep(0.2)
    raise SystemExit("error: no node joined within 60 s\nnext step: read the agent's log")


def await_server(cloud, server):
    while True:
        server = cloud.compute.get_server(server.id)
        if server.status == "ACTIVE":
            return server
        if server.status == "ERROR":
            raise SystemExit(f"error: server {server.name}: {server.fault.get('message')}\n{server.fault.get('details', '')}")
        time.sleep(0.3)


def await_login(address):
    command = [
        "ssh", "-i", f"{RUN}/guest_key", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
        "-o", "ConnectTimeout=3", "-o", "BatchMode=yes", f"guest@{address}", "hostname; uname -sr; uptime"]
    end = time.monotonic() + LOGIN_TIMEOUT
    while True:
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode == 0:
            return result.stdout.strip()
        if time.monotonic() > end:
            raise SystemExit(f"error: no login to guest@{address} within {LOGIN_TIMEOUT} s: {result.stderr.strip()}\n"
                             "next step: openstack console log show web")
        time.sleep(1)


def main():
    cloud = openstack.connect()
    project = cloud.current_project_id
    await_node(cloud)

    image = ensure("image guest (upload)", cloud.image.find_image("guest"), lambda: cloud.create_image(
        "guest", filename=f"{OUT}/guest.qcow2", disk_format="qcow2", container_format="bare", wait=True, visibility="public"))
    for name, ram, vcpus, disk in (("m1.tiny", 128, 1, 1), ("m1.small", 512, 1, 5), ("m1.medium", 2048, 2, 20)):
        flavor = cloud.compute.find_flavor(name)
        ensure(f"flavor {name}", flavor, lambda: cloud.compute.create_flavor(name=name, ram=ram, vcpus=vcpus, disk=disk))
    tiny = cloud.compute.find_flavor("m1.tiny")

    public = ensure("network public", cloud.network.find_network("public"), lambda: cloud.network.create_network(
        name="public", is_router_external=True, provider_network_type="flat", provider_physical_network="public"))
    ensure("subnet of public", cloud.network.find_subnet("public-v4"), lambda: cloud.network.create_subnet(
        name="public-v4", network_id=public.id, ip_version=4, cidr=EXTERNAL["cidr"], gateway_ip=EXTERNAL["gateway"], is_dhcp_enabled=False,
        allocation_pools=[{"start": EXTERNAL["first"], "end": EXTERNAL["last"]}]))
    private = ensure("network private", cloud.network.find_network("private"),
                     lambda: cloud.network.create_network(name="private"))
    subnet = ensure("subnet of private", cloud.network.find_subnet("private-v4"), lambda: cloud.network.create_subnet(
        name="private-v4", network_id=private.id, ip_version=4, cidr="10.0.0.0/24", dns_nameservers=["9.9.9.9"]))
    router = ensure("router", cloud.network.find_router("router"), lambda: cloud.network.create_router(
        name="router", external_gateway_info={"network_id": public.id}))
    if not any(ip["subnet_id"] == subnet.id for port in cloud.network.ports(device_id=router.id) for ip in port.fixed_ips):
        cloud.network.add_interface_to_router(router, subnet_id=subnet.id)

    group = ensure("security group web", cloud.network.find_security_group("web"),
                   lambda: cloud.network.create_security_group(name="web", description="ssh and ping from anywhere"))
    present = {(rule.protocol, rule.port_range_min) for rule in cloud.network.security_group_rules(security_group_id=group.id)}
    for protocol, port in (("tcp", 22), ("icmp", None)):
        if (protocol, port) not in present:
            cloud.network.create_security_group_rule(
                security_group_id=group.id, direction="ingress", ethertype="IPv4", protocol=protocol, port_range_min=port, port_range_max=port)

    with open(f"{RUN}/guest_key.pub", encoding="ascii") as file:
        key_text = file.read()
    ensure("key pair", cloud.compute.find_keypair("appliance"),
           lambda: cloud.compute.create_keypair(name="appliance", public_key=key_text))

    server = ensure("server web", cloud.compute.find_server("web"), lambda: cloud.compute.create_server(
        name="web", image_id=image.id, flavor_id=tiny.id, networks=[{"uuid": private.id}], key_name="appliance",
        security_groups=[{"name": group.id}]))
    server = await_server(cloud, server)
    say(f"server web is ACTIVE on {server.hypervisor_hostname}")

    port = next(iter(cloud.network.ports(device_id=server.id)))
    floating = next(iter(cloud.network.ips(port_id=port.id)), None)
    floating = ensure("floating IP", floating, lambda: cloud.network.create_ip(
        floating_network_id=public.id, port_id=port.id, project_id=project))
    address = floating.floating_ip_address
    say(f"waiting for the guest to let us in at {address}")
    answer = await_login(address)
    say("logged in:")
    print("".join(f"          {line}\n" for line in answer.splitlines()))
    print(f"""The cloud is up. Go on with:

  export OS_CLIENT_CONFIG_FILE={os.path.relpath(RUN)}/clouds.yaml OS_CLOUD=appliance
  openstack server list
  openstack console log show web
  ssh -i {os.path.relpath(RUN)}/guest_key guest@{address}
  scripts/run --status | --stop | --destroy
""")


main()
