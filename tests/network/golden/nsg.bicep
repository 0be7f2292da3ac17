// Network security groups made from Burstway's table of flows.
// az deployment group create --resource-group GROUP --template-file THIS-FILE
param location string = resourceGroup().location

resource burstway_hpc1_nodes 'Microsoft.Network/networkSecurityGroups@2025-07-01' = {
  name: 'burstway-hpc1-nodes'
  location: location
  properties: {
    securityRules: [
      {
        name: 'in-start_start-tasks_among-nodes'
        properties: {
          description: 'start, start-tasks, among-nodes: jobs are started; tasks are started; tasks on other nodes'
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefixes: [
            '10.10.0.10/32'
            '10.10.0.11/32'
            '10.80.0.0/20'
          ]
          sourcePortRange: '*'
          destinationAddressPrefix: '10.80.0.0/20'
          destinationPortRange: '1818'
        }
      }
      {
        name: 'in-deny-all'
        properties: {
          description: 'What no rule above names. Azure\'s own rules would let through more.'
          priority: 4096
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
      {
        name: 'out-agent_control'
        properties: {
          description: 'agent, control: a node joins and takes its work; nodes register'
          priority: 100
          direction: 'Outbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: '10.80.0.0/20'
          sourcePortRange: '*'
          destinationAddressPrefix: '10.10.0.10/32'
          destinationPortRanges: [
            '1443'
            '1817'
          ]
        }
      }
      {
        name: 'out-output'
        properties: {
          description: 'output: tasks send their output'
          priority: 200
          direction: 'Outbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: '10.80.0.0/20'
          sourcePortRange: '*'
          destinationAddressPrefixes: [
            '10.10.0.10/32'
            '10.10.0.11/32'
          ]
          destinationPortRange: '50001-53000'
        }
      }
      {
        name: 'out-among-nodes'
        properties: {
          description: 'among-nodes: tasks on other nodes'
          priority: 300
          direction: 'Outbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: '10.80.0.0/20'
          sourcePortRange: '*'
          destinationAddressPrefix: '10.80.0.0/20'
          destinationPortRange: '1818'
        }
      }
      {
        name: 'out-files'
        properties: {
          description: 'files: home directories'
          priority: 400
          direction: 'Outbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: '10.80.0.0/20'
          sourcePortRange: '*'
          destinationAddressPrefixes: [
            '10.10.0.10/32'
            '10.10.1.0/28'
          ]
          destinationPortRange: '1049'
        }
      }
      {
        name: 'out-names'
        properties: {
          description: 'names: names are looked up'
          priority: 500
          direction: 'Outbound'
          access: 'Allow'
          protocol: 'Udp'
          sourceAddressPrefix: '10.80.0.0/20'
          sourcePortRange: '*'
          destinationAddressPrefix: '10.10.1.0/28'
          destinationPortRange: '1053'
        }
      }
      {
        name: 'out-blobs'
        properties: {
          description: 'blobs: data is staged'
          priority: 600
          direction: 'Outbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: '10.80.0.0/20'
          sourcePortRange: '*'
          destinationAddressPrefix: 'Storage.WestEurope'
          destinationPortRange: '1443'
        }
      }
      {
        name: 'out-deny-all'
        properties: {
          description: 'What no rule above names. Azure\'s own rules would let through more.'
          priority: 4096
          direction: 'Outbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}
