# Network security groups made from Burstway's table of flows.
variable "resource_group_name" {
  type = string
}

variable "location" {
  type = string
}

resource "azurerm_network_security_group" "burstway_hpc1_nodes" {
  name                = "burstway-hpc1-nodes"
  resource_group_name = var.resource_group_name
  location            = var.location

  security_rule {
    name                       = "in-start_start-tasks_among-nodes"
    description                = "start, start-tasks, among-nodes: jobs are started; tasks are started; tasks on other nodes"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_address_prefixes    = ["10.10.0.10/32", "10.10.0.11/32", "10.80.0.0/20"]
    source_port_range          = "*"
    destination_address_prefix = "10.80.0.0/20"
    destination_port_range     = "1818"
  }

  security_rule {
    name                       = "in-deny-all"
    description                = "What no rule above names. Azure's own rules would let through more."
    priority                   = 4096
    direction                  = "Inbound"
    access                     = "Deny"
    protocol                   = "*"
    source_address_prefix      = "*"
    source_port_range          = "*"
    destination_address_prefix = "*"
    destination_port_range     = "*"
  }

  security_rule {
    name                       = "out-agent_control"
    description                = "agent, control: a node joins and takes its work; nodes register"
    priority                   = 100
    direction                  = "Outbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_address_prefix      = "10.80.0.0/20"
    source_port_range          = "*"
    destination_address_prefix = "10.10.0.10/32"
    destination_port_ranges    = ["1443", "1817"]
  }

  security_rule {
    name                         = "out-output"
    description                  = "output: tasks send their output"
    priority                     = 200
    direction                    = "Outbound"
    access                       = "Allow"
    protocol                     = "Tcp"
    source_address_prefix        = "10.80.0.0/20"
    source_port_range            = "*"
    destination_address_prefixes = ["10.10.0.10/32", "10.10.0.11/32"]
    destination_port_range       = "50001-53000"
  }

  security_rule {
    name                       = "out-among-nodes"
    description                = "among-nodes: tasks on other nodes"
    priority                   = 300
    direction                  = "Outbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_address_prefix      = "10.80.0.0/20"
    source_port_range          = "*"
    destination_address_prefix = "10.80.0.0/20"
    destination_port_range     = "1818"
  }

  security_rule {
    name                         = "out-files"
    description                  = "files: home directories"
    priority                     = 400
    direction                    = "Outbound"
    access                       = "Allow"
    protocol                     = "Tcp"
    source_address_prefix        = "10.80.0.0/20"
    source_port_range            = "*"
    destination_address_prefixes = ["10.10.0.10/32", "10.10.1.0/28"]
    destination_port_range       = "1049"
  }

  security_rule {
    name                       = "out-names"
    description                = "names: names are looked up"
    priority                   = 500
    direction                  = "Outbound"
    access                     = "Allow"
    protocol                   = "Udp"
    source_address_prefix      = "10.80.0.0/20"
    source_port_range          = "*"
    destination_address_prefix = "10.10.1.0/28"
    destination_port_range     = "1053"
  }

  security_rule {
    name                       = "out-blobs"
    description                = "blobs: data is staged"
    priority                   = 600
    direction                  = "Outbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_address_prefix      = "10.80.0.0/20"
    source_port_range          = "*"
    destination_address_prefix = "Storage.WestEurope"
    destination_port_range     = "1443"
  }

  security_rule {
    name                       = "out-deny-all"
    description                = "What no rule above names. Azure's own rules would let through more."
    priority                   = 4096
    direction                  = "Outbound"
    access                     = "Deny"
    protocol                   = "*"
    source_address_prefix      = "*"
    source_port_range          = "*"
    destination_address_prefix = "*"
    destination_port_range     = "*"
  }
}
